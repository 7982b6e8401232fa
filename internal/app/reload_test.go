package app_test

import (
	"crypto/tls"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// look is as long as the watcher waits between two looks at the files.
const look = 2 * time.Second

// until moves the clock by looks at the files until what holds.
func until(t *testing.T, u *apptest.Usher, what string, holds func() bool) {
	t.Helper()
	for !holds() {
		if t.Context().Err() != nil {
			t.Fatalf("never: %s", what)
		}
		u.Clock.Advance(look)
	}
}

// served is the certificate that a new connection gets.
func served(t *testing.T, u *apptest.Usher) []byte {
	t.Helper()
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} // which one is asked, not whether it is good
	c, err := d.DialContext(t.Context(), "tcp", u.Addr())
	if err != nil {
		t.Fatalf("a handshake failed: %v", err)
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState().PeerCertificates[0].Raw
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// TestCertificateIsReplacedWhileServing: a good one is served soon, no
// handshake fails meanwhile; of a bad one log and metrics tell, and the one
// before stays.
func TestCertificateIsReplacedWhileServing(t *testing.T) {
	t.Parallel()
	cert, key, _ := certificate(t)
	u := apptest.Start(t, apptest.Options{Config: func(c *app.Config) {
		c.TLSCertFile, c.TLSKeyFile, c.PublicURL = cert, key, "https://login.example.org"
	}})
	first := string(served(t, u))
	failing := func() bool { return strings.Contains(scrape(t, u), `usher_reload_failing{what="tls"} 1`) }

	// The certificate comes before its key: together they are no pair.
	nextCert, nextKey, _ := certificate(t)
	move(t, nextCert, cert)
	until(t, u, "the half is told of", failing)
	if string(served(t, u)) != first || !strings.Contains(u.Log(), "reload failed") {
		t.Errorf("half a pair was taken:\n%s", u.Log())
	}
	move(t, nextKey, key)
	until(t, u, "the new certificate is served", func() bool { return string(served(t, u)) != first })
	if failing() {
		t.Error("the metric still tells of a fault")
	}

	second := string(served(t, u))
	if err := os.WriteFile(cert, []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	until(t, u, "the bad file is told of", failing)
	if string(served(t, u)) != second {
		t.Error("another certificate than the last good one is served")
	}
}

// TestAReloadWaitsForNoPipe: neither for the certificate nor for a realm file,
// and what was in force stays.
func TestAReloadWaitsForNoPipe(t *testing.T) {
	t.Parallel()
	cert, key, _ := certificate(t)
	realm := filepath.Join(t.TempDir(), "realm.json")
	text := realmText("300", "Anna")
	if err := os.WriteFile(realm, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	u := apptest.Start(t, apptest.Options{Realm: text, Config: func(c *app.Config) {
		c.TLSCertFile, c.TLSKeyFile, c.PublicURL, c.RealmFile = cert, key, "https://login.example.org", realm
	}})
	first := string(served(t, u))
	for _, path := range []string{cert, realm} {
		if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	u.Reload(t.Context())
	metrics := scrape(t, u)
	for _, what := range []string{"tls", "realm"} {
		if !strings.Contains(metrics, `usher_reload_failing{what="`+what+`"} 1`) {
			t.Errorf("%s: no fault is told of", what)
		}
	}
	if string(served(t, u)) != first || !strings.Contains(u.Log(), app.ErrNotRegular.Error()) {
		t.Errorf("the log:\n%s", u.Log())
	}
}

// TestExpiredCertificateReplacesNoGoodOne.
func TestExpiredCertificateReplacesNoGoodOne(t *testing.T) {
	t.Parallel()
	cert, key, _ := certificate(t)
	hangup := make(chan struct{})
	u := apptest.Start(t, apptest.Options{
		Config: func(c *app.Config) {
			c.TLSCertFile, c.TLSKeyFile, c.PublicURL = cert, key, "https://login.example.org"
		},
		App: func(o *app.Options) { o.Hangup = hangup },
	})
	first := string(served(t, u))
	oldCert, oldKey, _ := certificateFor(t, time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour))
	move(t, oldCert, cert)
	move(t, oldKey, key)
	hangup <- struct{}{}
	hangup <- struct{}{} // taken when the first was dealt with
	if got := u.Log(); !strings.Contains(got, "the new certificate is not valid now") || string(served(t, u)) != first {
		t.Errorf("an expired certificate was taken:\n%s", got)
	}
}

const reloadRealm = `{"realm": "platform", "enabled": true, "accessTokenLifespan": LIFE,
 "clients": [{"clientId": "anonymous", "enabled": true, "publicClient": true, "directAccessGrantsEnabled": true}],
 "users": [{"username": "user@example.org", "enabled": true, "firstName": "NAME", "credentials": [{"type": "password", "value": "an example password"}]}]}`

func realmText(life, name string) string {
	return strings.NewReplacer("LIFE", life, "NAME", name).Replace(reloadRealm)
}

// TestRealmFileIsReloaded: its settings are in force soon after it changed, at
// once after a signal; a wrong file changes nothing, and what it says of people
// is neither taken nor logged by name.
func TestRealmFileIsReloaded(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "realm.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(realmText("60", "Ann"))
	hangup := make(chan struct{})
	u := apptest.Start(t, apptest.Options{
		Realm:  realmText("60", "Ann"),
		Config: func(c *app.Config) { c.RealmFile = file },
		App:    func(o *app.Options) { o.Hangup = hangup },
	})
	life := func() float64 {
		t.Helper()
		got := post(t, u.URL+"/auth/realms/platform/protocol/openid-connect/token", url.Values{"client_id": {"anonymous"},
			"grant_type": {"password"}, "username": {apptest.User}, "password": {apptest.Password}})
		return got["expires_in"].(float64)
	}
	if got := life(); got != 60 {
		t.Fatalf("expires_in %v", got)
	}
	write(realmText("120", "Berta"))
	until(t, u, "the new lifetime holds", func() bool { return life() == 120 })

	write(realmText("240", "Berta"))
	hangup <- struct{}{}
	hangup <- struct{}{}
	if got := life(); got != 240 {
		t.Errorf("after the signal: expires_in %v", got)
	}
	log := u.Log()
	if !strings.Contains(log, "platform: accessTokenLifespan: stored 120, file 240") || !strings.Contains(log, "lines about people") {
		t.Errorf("the change, or what was not taken, is not told:\n%s", log)
	}
	if strings.Contains(log, "Berta") || strings.Contains(log, apptest.User) {
		t.Errorf("a person is named:\n%s", log)
	}

	write("{")
	hangup <- struct{}{}
	hangup <- struct{}{}
	if got := life(); got != 240 || !strings.Contains(scrape(t, u), `usher_reload_failing{what="realm"} 1`) {
		t.Errorf("after a wrong file: expires_in %v", got)
	}
}

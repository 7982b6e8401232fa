package wire

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// canaries are secrets that nobody may ever read anywhere but where they belong.
type canaries struct {
	values map[string][]byte // by what they are
	open   map[string]bool   // those that an answer rightly holds: tokens
}

func newCanaries() *canaries {
	return &canaries{values: map[string][]byte{}, open: map[string]bool{}}
}

// make is a new secret of letters and digits.
func (c *canaries) make(what string) string {
	s := "canary" + rand.Text()
	c.values[what] = []byte(s)
	return s
}

func (c *canaries) add(what string, value []byte) { c.values[what] = value }

// key is one of 32 bytes.
func (c *canaries) key(what string) []byte {
	key := []byte(c.make(what))[:32]
	c.values[what] = key
	return key
}

func (c *canaries) token(what, value string) {
	c.values[what], c.open[what] = []byte(value), true
}

// spellings are the ways in which a secret might be written down.
func spellings(secret []byte) [][]byte {
	out := [][]byte{secret, []byte(hex.EncodeToString(secret)), []byte(url.QueryEscape(string(secret)))}
	for shift := range 3 { // base64 looks different at each offset of three
		if len(secret) <= shift+3 {
			continue
		}
		part := secret[shift:]
		part = part[:len(part)/3*3]
		out = append(out, []byte(base64.StdEncoding.EncodeToString(part)), []byte(base64.URLEncoding.EncodeToString(part)))
	}
	return out
}

// nowhereIn fails where a canary is found; answers may hold tokens.
func (c *canaries) nowhereIn(t *testing.T, where string, text []byte, answer bool) {
	t.Helper()
	for what, secret := range c.values {
		if answer && c.open[what] {
			continue
		}
		for _, s := range spellings(secret) {
			if i := bytes.Index(text, s); i >= 0 {
				t.Errorf("%s holds the %s: …%q…", where, what, text[max(0, i-60):min(len(text), i+20)])
				break
			}
		}
	}
}

// TestP10_SecretsAreFoundNowhere drives everything that takes a secret, rightly
// and wrongly, also operators' orders, with the log at its most talkative, and
// looks for every secret in the log, the spans, the answers, the metrics, the
// bytes of the data folder and a backup of it.
func TestP10_SecretsAreFoundNowhere(t *testing.T) {
	t.Parallel()
	c := newCanaries()
	realm := canaryRealm(t, c)
	dir := t.TempDir()
	spans := tracetest.NewInMemoryExporter()
	w := startWith(t, apptest.Options{Realm: realm, Dir: dir, LogLevel: "debug", Clock: apptest.NewStillClock(), Config: func(o *app.Config) {
		o.MasterKey = c.key("master key")
	}, App: func(o *app.Options) { o.Trace = canaryTracer(t, spans) }})
	var answers [][]byte
	say := func(e *exchange) *exchange {
		answers = append(answers, e.body)
		for name, values := range e.header {
			answers = append(answers, []byte(name+": "+strings.Join(values, ", ")))
		}
		return e
	}
	canaryLogins(t, w, c, say)
	canaryMistakes(t, w, c, say)
	next := canaryOrders(t, w, c, say)
	if len(c.values) < 50 {
		t.Fatalf("only %d secrets", len(c.values))
	}
	for _, a := range answers {
		c.nowhereIn(t, "an answer", a, true)
	}
	c.nowhereIn(t, "the log", []byte(w.Log()), false)
	c.nowhereIn(t, "the spans", written(t, spans), false)
	for _, path := range []string{"/metrics", "/health/ready"} {
		e := manage(t, w, path)
		c.nowhereIn(t, path, e, false)
	}
	inFiles(t, c, filepath.Join(dir, "data"))
	canaryBackup(t, w, c, next)
}

// inFiles looks into every file of a folder, as a thief of the disk would.
func inFiles(t *testing.T, c *canaries, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		read += len(b)
		c.nowhereIn(t, entry.Name(), b, false)
	}
	if read < 100_000 {
		t.Errorf("only %d bytes in %s: is that the data?", read, dir)
	}
}

func manage(t *testing.T, w *world, path string) []byte {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), "GET", w.Management+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return exchangeOf(t, w, q).body
}

// canaryRealm has people, clients, second factors and keys with secrets.
func canaryRealm(t *testing.T, c *canaries) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c.add("private exponent", key.D.Bytes())
	c.add("first prime", key.Primes[0].Bytes())
	c.add("second prime", key.Primes[1].Bytes())
	mac := c.make("HMAC key") + c.make("end of the HMAC key")
	var users, clients []any
	for i := range 12 {
		users = append(users, map[string]any{"username": fmt.Sprint("person", i), "enabled": true,
			"credentials": []any{map[string]any{"type": "password", "value": c.make(fmt.Sprint("password ", i))}}})
	}
	for i := range 6 {
		seed, _ := json.Marshal(map[string]string{"value": c.make(fmt.Sprint("one-time seed ", i))})
		users = append(users, map[string]any{"username": fmt.Sprint("careful", i), "enabled": true, "credentials": []any{
			map[string]any{"type": "password", "value": c.make(fmt.Sprint("careful password ", i))},
			map[string]any{"type": "otp", "secretData": string(seed), "credentialData": `{"subType":"totp","digits":6,"period":30,"algorithm":"HmacSHA1"}`},
		}})
	}
	clients = append(clients, map[string]any{"clientId": "anonymous", "publicClient": true, "directAccessGrantsEnabled": true})
	for i := range 6 {
		clients = append(clients, map[string]any{"clientId": fmt.Sprint("service", i), "publicClient": false,
			"secret": c.make(fmt.Sprint("client secret ", i)), "directAccessGrantsEnabled": true, "serviceAccountsEnabled": true})
	}
	provider := func(id string, config map[string][]string) map[string]any {
		return map[string]any{"name": id, "providerId": id, "config": config}
	}
	file, err := json.Marshal(map[string]any{"realm": "platform", "enabled": true, "users": users, "clients": clients,
		"components": map[string]any{"org.keycloak.keys.KeyProvider": []any{
			provider("rsa", map[string][]string{"privateKey": {base64.StdEncoding.EncodeToString(der)}, "priority": {"200"}}),
			provider("hmac-generated", map[string][]string{"secret": {base64.RawURLEncoding.EncodeToString([]byte(mac + mac))}, "kid": {"old-mac"}, "algorithm": {"HS512"}, "priority": {"200"}}),
		}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(file)
}

// canaryLogins uses every secret as it is meant to be used.
func canaryLogins(t *testing.T, w *world, c *canaries, say func(*exchange) *exchange) {
	t.Helper()
	for i := range 12 {
		login := form("client_id", "anonymous", "grant_type", "password", "scope", "openid",
			"username", fmt.Sprint("person", i), "password", string(c.values[fmt.Sprint("password ", i)]))
		got := w.tokens(t, "platform", login)
		c.token(fmt.Sprint("access token ", i), got.Access)
		c.token(fmt.Sprint("refresh token ", i), got.Refresh)
		bearer := http.Header{"Authorization": {"Bearer " + got.Access}}
		say(w.do(t, "GET", "/v1/vms", "", bearer))
		say(w.do(t, "GET", w.protocol("platform", "userinfo"), "", bearer))
		next := w.refreshed(t, "platform", got.Refresh)
		c.token(fmt.Sprint("next refresh token ", i), next.Refresh)
		switch i % 3 {
		case 0:
			say(w.post(t, w.protocol("platform", "logout"), form("client_id", "anonymous", "refresh_token", next.Refresh), nil))
		case 1:
			say(w.post(t, w.protocol("platform", "revoke"), form("client_id", "anonymous", "token", next.Refresh), nil))
		}
		say(w.post(t, tokenPath, refresh("anonymous", got.Refresh), nil))
	}
	for i := range 6 {
		secret := string(c.values[fmt.Sprint("client secret ", i)])
		id := fmt.Sprint("service", i)
		header := http.Header{"Authorization": {"Basic " + basic(id, secret)}}
		say(w.post(t, tokenPath, form("grant_type", "client_credentials"), header))
		say(w.post(t, w.protocol("platform", "token/introspect"), form("token", string(c.values["access token 2"])), header))
		say(w.post(t, tokenPath, form("client_id", "anonymous", "grant_type", "password",
			"username", fmt.Sprint("careful", i), "password", string(c.values[fmt.Sprint("careful password ", i)])), nil))
		say(w.do(t, "POST", "/v1/vms/auth/login", fmt.Sprintf(`{"username":"person%d","password":%q}`, i, c.values[fmt.Sprint("password ", i)]),
			http.Header{"Content-Type": {"application/json"}}))
	}
}

// canaryMistakes puts secrets where they do not belong, or wrong ones where
// right ones do.
func canaryMistakes(t *testing.T, w *world, c *canaries, say func(*exchange) *exchange) {
	t.Helper()
	asForm := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for i, body := range []string{
		"client_id=anonymous&grant_type=password&username=person1&password=",            // a wrong password
		"client_id=anonymous&grant_type=password&username=nobody&password=",             // of an unknown name
		"client_id=anonymous&grant_type=password&username=person1&password=%zz",         // an escape that is none
		"client_id=anonymous&grant_type=password&password=a&username=person1&password=", // twice
		"client_id=service1&client_secret=",                                             // a wrong secret
		"client_id=anonymous&grant_type=refresh_token&refresh_token=",                   // no token
		"client_id=anonymous&grant_type=",                                               // an unknown grant
		"client_id=",                                                                    // an unknown client
		`{"grant_type":"password","username":"person1","password":"`,                    // JSON
		" client_id=anonymous&\n grant_type=password&\n username=person3&\n password=",  // padded
	} {
		say(w.do(t, "POST", tokenPath, body+c.make(fmt.Sprint("mistake ", i)), asForm))
	}
	token := c.make("token in a URL")
	say(w.do(t, "GET", "/v1/vms?access_token="+token, "", nil))
	say(w.do(t, "GET", tokenPath+"?password="+c.make("password in a URL"), "", nil))
	say(w.do(t, "GET", "/v1/vms", "", http.Header{"Authorization": {"Bearer " + c.make("token that is none")}}))
	say(w.do(t, "GET", "/v1/vms", "", http.Header{"Authorization": {"Basic " + basic("person1", c.make("password as Basic"))}}))
	say(w.do(t, "GET", "/v1/vms", "", http.Header{"Cookie": {"session=" + c.make("cookie")}}))
	say(w.do(t, "POST", "/v1/vms/auth/login", `{"username":"person1","password":"`+c.make("legacy wrong password")+`"}`, http.Header{"Content-Type": {"application/json"}}))
	say(w.do(t, "POST", "/v1/vms/auth/login", `{"username":"person1","password":"`+c.make("legacy broken JSON"), http.Header{"Content-Type": {"application/json"}}))
	f := fuse{}
	f.left.Store(1)
	w.clock.Trap(f.trap)
	say(w.post(t, tokenPath, form("client_id", "anonymous", "grant_type", "password", "username", "person4", "password", c.make("password of a panic")), nil))
	w.clock.Trap(nil)
}

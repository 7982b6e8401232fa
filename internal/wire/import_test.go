package wire

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// TestAFullExportWorks imports a realm as Keycloak's own export writes it: its
// users and clients log in, and a second start says what the file says anew.
func TestAFullExportWorks(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../realmfile/testdata/full-export.json")
	if err != nil {
		t.Fatal(err)
	}
	// Ben has a required action in the file, which would keep him out.
	realm := strings.Replace(string(text), `"VERIFY_EMAIL"`+"\n   ],", "],", 1)
	dir := t.TempDir()
	w := startWith(t, apptest.Options{Realm: realm, Dir: dir, Clock: apptest.NewStillClock()})
	if got := w.login(t, "company", "admin-cli", "ben", "Ben's plain password"); got.Access == "" || got.ID == "" {
		t.Errorf("ben: %+v", got)
	}
	const wrong = "Invalid user credentials"
	for _, c := range []struct{ name, body, text string }{
		{"service account", form("client_id", "shop-api", "client_secret", "the shop api secret", "grant_type", "client_credentials"), ""},
		{"second factor", form("client_id", "admin-cli", "grant_type", "password", "username", "anna@example.org", "password", "pbkdf2 password"), "Account is not fully set up"},
		{"no password", form("client_id", "admin-cli", "grant_type", "password", "username", "service-account-shop-api"), wrong},
	} {
		e := w.post(t, strings.Replace(tokenPath, "platform", "company", 1), c.body, nil)
		if got := memberOf(t, e.body, "error_description"); got != c.text || (e.status == http.StatusOK) != (c.text == "") {
			t.Errorf("%s: %d %s", c.name, e.status, e.body)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	again := startWith(t, apptest.Options{Realm: strings.Replace(realm, `"displayName": "Company"`, `"displayName": "Firm"`, 1), Dir: dir})
	if err := again.CheckPasswords(t.Context(), &again.Report); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(again.Report.Differences, "\n"); got != `company: displayName: stored "Company", file "Firm"` {
		t.Errorf("differences %q", got)
	}
}

// TestImportedClientsAreServedAsTheyAre: a client with a secret asks for it, and
// a certificate carries its realm's name.
func TestImportedClientsAreServedAsTheyAre(t *testing.T) {
	t.Parallel()
	w := start(t, `{"realm": "company", "enabled": true, "clients": [{"clientId": "silent", "secret": "s"}],
		"users": [{"username": "user@example.org", "enabled": true, "credentials": [{"value": "an example password"}]}]}`)
	path := strings.Replace(tokenPath, "platform", "company", 1)
	body := form("client_id", "silent", "grant_type", "password", "username", user, "password", password)
	if e := w.post(t, path, body, nil); e.status != http.StatusUnauthorized || memberOf(t, e.body, "error") != "unauthorized_client" {
		t.Errorf("without its secret: %d %s", e.status, e.body)
	}
	if e := w.post(t, path, body+"&client_secret=s", nil); e.status != http.StatusOK {
		t.Errorf("with its secret: %d %s", e.status, e.body)
	}
	if !strings.Contains(strings.Join(w.Report.Warnings, "\n"), "clients[*].publicClient: absent: taken for false because of secret") {
		t.Errorf("warnings %q", w.Report.Warnings)
	}
	var set struct {
		Keys []struct {
			X5C []string `json:"x5c"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(w.do(t, "GET", w.protocol("company", "certs"), "", nil).body, &set); err != nil || len(set.Keys) != 1 || len(set.Keys[0].X5C) != 1 {
		t.Fatalf("%+v, %v", set, err)
	}
	der, err := base64.StdEncoding.DecodeString(set.Keys[0].X5C[0])
	if err != nil {
		t.Fatal(err)
	}
	if certificate, err := x509.ParseCertificate(der); err != nil || certificate.Subject.CommonName != "company" {
		t.Errorf("certificate of %v, %v", certificate.Subject, err)
	}
}

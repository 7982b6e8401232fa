package wire

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// What the tests of the requirements share.
const (
	clientSecret = "a secret: 100% & more" // of the client "confidential"
	asBackend    = "client_id=backend&client_secret=another&"
)

// passwordGrant is the form of a login by the public client, in scope openid
// unless another is given.
func passwordGrant(name, password string, scope ...string) string {
	if scope == nil {
		scope = []string{"openid"}
	}
	return form("client_id", "anonymous", "grant_type", "password", "scope", strings.Join(scope, " "), "username", name, "password", password)
}

// event is what a test asks of a stored event.
type event struct{ kind, fault, client, details string }

// events reads the stored events of a kind, "" for all, oldest first.
func (w *world) events(t *testing.T, kind string) (all []event) {
	t.Helper()
	db := w.database(t)
	rows, err := db.QueryContext(t.Context(), "select type, error, client_id, details from event where ?1 in ('', type) order by seq", kind)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var e event
		if err := rows.Scan(&e.kind, &e.fault, &e.client, &e.details); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// database opens the server's database beside it.
func (w *world) database(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(w.dir, "data", "usher.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// claimsOf reads a token's payload without checking anything.
func claimsOf(t *testing.T, raw string) map[string]any {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("not a token: %q", raw)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	return objectOf(t, b)
}

func objectOf(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return m
}

// discovery is the metadata of a realm.
func (w *world) discovery(t *testing.T, realm string) map[string]any {
	t.Helper()
	return objectOf(t, w.do(t, "GET", "/auth/realms/"+realm+"/.well-known/openid-configuration", "", nil).body)
}

// listed is a member of a document that is a list of strings.
func listed(t *testing.T, doc map[string]any, name string) (out []string) {
	t.Helper()
	list, _ := doc[name].([]any)
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			t.Fatalf("%s holds %v", name, v)
		}
		out = append(out, s)
	}
	return out
}

// active asks introspection as the client that the form part names.
func (w *world) active(t *testing.T, realm, as, token string) bool {
	t.Helper()
	e := w.post(t, w.protocol(realm, "token/introspect"), as+"token="+token, nil)
	if e.status != http.StatusOK {
		t.Fatalf("introspection: %d %s", e.status, e.body)
	}
	alive, _ := objectOf(t, e.body)["active"].(bool)
	return alive
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

// userinfo calls the endpoint of that name and returns the status.
func (w *world) userinfo(t *testing.T, realm, access string) int {
	t.Helper()
	return w.do(t, "GET", w.protocol(realm, "userinfo"), "", bearer(access)).status
}

// serveBait answers on an address that nobody should ask, and counts who does.
func serveBait(t *testing.T, calls *int) string {
	t.Helper()
	var mu sync.Mutex
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		*calls++
	}))
	t.Cleanup(s.Close)
	return s.URL
}

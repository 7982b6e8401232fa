package app_test

import (
	"bytes"
	"database/sql"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// twoRealms has in each realm a client and a user, by the same names.
const twoRealms = `[
	{"realm": "platform", "enabled": true, "clients": [
		{"clientId": "anonymous", "publicClient": true, "directAccessGrantsEnabled": true},
		{"clientId": "other", "publicClient": true, "directAccessGrantsEnabled": true}],
		"users": [{"username": "anna", "enabled": true, "credentials": [{"type": "password", "value": "an example password"}]}]},
	{"realm": "second", "enabled": true, "clients": [
		{"clientId": "anonymous", "publicClient": true, "directAccessGrantsEnabled": true}],
		"users": [{"username": "anna", "enabled": true, "credentials": [{"type": "password", "value": "an example password"}]}]}
]`

// TestDamagedConfigurationStopsNobodyElse: a row of the configuration that was
// changed outside Usher stops neither a start nor what does not need it, and
// what needs it is answered 503, not 401 or 404.
func TestDamagedConfigurationStopsNobodyElse(t *testing.T) {
	t.Parallel()
	const (
		realmID = `(select id from realm where name = 'platform')`
		grant   = "password"
	)
	for name, c := range map[string]struct {
		damage string
		// The answers to logins by realm/client, to the old token at the API and
		// at introspection's neighbour, userinfo, and to a refresh.
		login              map[string]int
		api, info, refresh int
	}{
		"nothing": {`update heartbeat set at = 0`,
			map[string]int{"platform/anonymous": 200, "platform/absent": 401, "second/anonymous": 200, "second/absent": 401, "absent/anonymous": 404}, 200, 200, 200},
		"a client": {`update client set doc = replace(doc, '"public":true', '"public":false') where client_id = 'anonymous' and realm_id = ` + realmID,
			map[string]int{"platform/anonymous": 503, "platform/absent": 503, "platform/other": 200, "second/anonymous": 200, "second/absent": 401}, 503, 503, 503},
		"a client whose realm is nobody's": {`pragma foreign_keys = off; update client set realm_id = 'absent' where client_id = 'other'`,
			map[string]int{"platform/anonymous": 200, "platform/other": 503, "second/anonymous": 200, "second/absent": 503}, 200, 200, 200},
		"a realm": {`update realm set doc = replace(doc, '"enabled":true', '"enabled":false') where name = 'platform'`,
			map[string]int{"platform/anonymous": 503, "second/anonymous": 200, "absent/anonymous": 503}, 503, 503, 503},
		"the name of a realm": {`update realm set name = 'renamed' where name = 'platform'`,
			map[string]int{"platform/anonymous": 503, "renamed/anonymous": 503, "second/anonymous": 200}, 503, 503, 503},
		"all keys of a realm": {`update signing_key set kid = kid || 'x' where realm_id = ` + realmID,
			map[string]int{"platform/anonymous": 503, "second/anonymous": 200}, 503, 503, 503},
		"the key of refresh tokens": {`update signing_key set doc = replace(doc, 'ACTIVE', 'PASSIVE') where doc like '%"HS512"%' and realm_id = ` + realmID,
			map[string]int{"platform/anonymous": 503, "second/anonymous": 200}, 200, 200, 503},
		"what a key hides": {`update signing_key set doc = replace(doc, '"sealed":"', '"sealed":"AAAA') where doc like '%"HS512"%' and realm_id = ` + realmID,
			map[string]int{"platform/anonymous": 503, "second/anonymous": 200}, 200, 200, 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startDamaged(t, c.damage)
			for at, want := range c.login {
				realm, client, _ := strings.Cut(at, "/")
				form := url.Values{"client_id": {client}, "grant_type": {grant}, "username": {"anna"}, "password": {"an example password"}}
				if got := s.post("/auth/realms/"+realm+"/protocol/openid-connect/token", form); got.Code != want {
					t.Errorf("login at %s: %d %s, want %d", at, got.Code, got.Body, want)
				}
			}
			if got := s.get("/v1/vms"); got.Code != c.api {
				t.Errorf("the API: %d %s, want %d", got.Code, got.Body, c.api)
			}
			if got := s.get("/auth/realms/platform/protocol/openid-connect/userinfo"); got.Code != c.info {
				t.Errorf("userinfo: %d %s, want %d", got.Code, got.Body, c.info)
			}
			form := url.Values{"client_id": {"anonymous"}, "grant_type": {"refresh_token"}, "refresh_token": {s.refresh}}
			if got := s.post("/auth/realms/platform/protocol/openid-connect/token", form); got.Code != c.refresh {
				t.Errorf("refresh: %d %s, want %d", got.Code, got.Body, c.refresh)
			}
		})
	}
}

// damaged is a server started over a store that was changed behind its back,
// and the tokens of a login before.
type damaged struct {
	h               http.Handler
	access, refresh string
}

func startDamaged(t *testing.T, damage string) *damaged {
	t.Helper()
	clock := apptest.NewClock()
	cfg := app.Config{PublicURL: "http://login.example", Listen: "127.0.0.1:0", ManagementListen: "127.0.0.1:0",
		Data: filepath.Join(t.TempDir(), "data"), MasterKey: bytes.Repeat([]byte("k"), 32)}
	open := func() *app.App {
		a, err := app.New(t.Context(), cfg, app.Options{Clock: clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close() })
		return a
	}
	first := open()
	if _, err := first.ImportFile(t.Context(), "realms.json", []byte(twoRealms)); err != nil {
		t.Fatal(err)
	}
	if err := first.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &damaged{h: first.Public}
	form := url.Values{"client_id": {"anonymous"}, "grant_type": {"password"}, "username": {"anna"},
		"password": {"an example password"}, "scope": {"openid"}}
	answer := s.post("/auth/realms/platform/protocol/openid-connect/token", form)
	s.access, s.refresh = member(t, answer, "access_token"), member(t, answer, "refresh_token")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(cfg.Data, "usher.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), damage); err != nil {
		t.Fatal(err)
	}
	second := open()
	if err := second.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.h = second.Public
	return s
}

func (s *damaged) post(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(r)
}

func (s *damaged) get(path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Authorization", "Bearer "+s.access)
	return s.do(r)
}

func (s *damaged) do(r *http.Request) *httptest.ResponseRecorder {
	r.RemoteAddr = "127.0.0.1:50000"
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	return w
}

func member(t *testing.T, w *httptest.ResponseRecorder, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(w.Body.String(), `"`+name+`":"`)
	if !ok {
		t.Fatalf("no %s in %d %s", name, w.Code, w.Body)
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

package oidc_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/token/tokentest"
	"github.com/seed-a6a28e10/usher/internal/web"
	"github.com/seed-a6a28e10/usher/internal/web/oidc"
)

// fakeGrants answers every endpoint with the same outcome and keeps what it was
// asked.
type fakeGrants struct {
	mu     sync.Mutex
	res    grant.Result
	err    error
	asked  []grant.Request
	bearer []string
}

func (f *fakeGrants) outcome(res grant.Result, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.res, f.err = res, err
}

func (f *fakeGrants) answer(_ context.Context, _ *token.Realm, r grant.Request) (grant.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, r)
	return f.res, f.err
}

func (f *fakeGrants) last() grant.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.asked) == 0 {
		return grant.Request{Form: oauth.NewForm()}
	}
	return f.asked[len(f.asked)-1]
}

func (f *fakeGrants) Token(c context.Context, m *token.Realm, r grant.Request) (grant.Result, error) {
	return f.answer(c, m, r)
}
func (f *fakeGrants) CheckRefresh(context.Context, *token.Realm, grant.Request) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
func (f *fakeGrants) Introspect(c context.Context, m *token.Realm, r grant.Request) (grant.Result, error) {
	return f.answer(c, m, r)
}
func (f *fakeGrants) Revoke(c context.Context, m *token.Realm, r grant.Request) (grant.Result, error) {
	return f.answer(c, m, r)
}
func (f *fakeGrants) Logout(c context.Context, m *token.Realm, r grant.Request) (grant.Result, error) {
	return f.answer(c, m, r)
}
func (f *fakeGrants) UserInfo(_ context.Context, _ *token.Realm, r grant.Request, raw string) (grant.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, r)
	f.bearer = append(f.bearer, raw)
	return f.res, f.err
}

// fakeVMs lists the VideoManagers of the test user and of nobody else.
type fakeVMs struct{}

func (fakeVMs) VideoManagersOf(_ context.Context, realmID, userID string) ([]api.VideoManager, error) {
	if realmID != "realm-1" || userID != tokentest.User().ID {
		return nil, nil
	}
	return []api.VideoManager{{ID: 5, Name: "Five", UUID: "u-5"}, {ID: 7, Name: "Seven", UUID: "u-7"}}, nil
}

// house is a server over HTTP with all its parts in reach.
type house struct {
	*httptest.Server
	realm  *token.Realm
	grants *fakeGrants
}

const (
	loginBase = "https://login.example"
	apiBase   = "https://api.example/v1/"
	protocol  = "/auth/realms/platform/protocol/openid-connect"
)

// start opens a house with the realm "platform" and the disabled realm "closed".
func start(t *testing.T) *house {
	t.Helper()
	realm, err := tokentest.Realm(rand.Reader, "ES256", "HS512")
	if err != nil {
		t.Fatal(err)
	}
	realm.PublicKey = "MIIBIjAN"

	cfg := *realm.RealmConfig
	cfg.Realm.Name, cfg.Realm.Enabled = "closed", false
	closed := &token.Realm{RealmConfig: &cfg, Issuer: loginBase + "/auth/realms/closed"}
	h := &house{realm: realm, grants: &fakeGrants{}}
	kit := &web.Kit{Now: now, NewID: func() string { return "id-1" }, Realm: "platform"}
	mux := http.NewServeMux()
	server := oidc.New(oidc.Config{
		Kit: kit, Grants: h.grants, VideoManagers: fakeVMs{}, Now: now, APIBase: apiBase,
		Issuers: func() []string { return []string{realm.Issuer, loginBase + "/auth/realms/other"} },
		Realm: func(name string) (*token.Realm, bool) {
			r, ok := map[string]*token.Realm{"platform": realm, "closed": closed}[name]
			return r, ok
		},
	})
	server.MountLogin(mux)
	server.MountAPI(mux)
	h.Server = httptest.NewServer(kit.Wrap(mux))
	t.Cleanup(h.Close)
	return h
}

func now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// send makes a request and returns the answer with its body read.
func (h *house) send(t *testing.T, method, path, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, h.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	if host := header.Get("Host"); host != "" {
		r.Host = host
	}
	client := *h.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func (h *house) get(t *testing.T, path string) (*http.Response, string) {
	t.Helper()
	return h.send(t, http.MethodGet, path, "", nil)
}

// form posts a form as curl does.
func (h *house) form(t *testing.T, path, body string) (*http.Response, string) {
	t.Helper()
	return h.send(t, http.MethodPost, path, body, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
}

// answer is a token answer as package grant gives it, with real tokens in it.
func (h *house) answer(t *testing.T) *grant.Answer {
	t.Helper()
	client, user := h.realm.Clients[iam.AnonymousClient], tokentest.User()
	scopes, err := token.ResolveScopes(h.realm.RealmConfig, client, "openid")
	if err != nil {
		t.Fatal(err)
	}
	access, _, err := token.Access(token.Subject{
		Realm: h.realm, Client: client, User: user, SessionID: "session-1", Scopes: scopes, At: now(),
		NewID: func() string { return "jti-1" },
	}, now().Unix()+300)
	if err != nil {
		t.Fatal(err)
	}
	refresh, err := token.Refresh(token.RefreshSubject{
		Realm: h.realm, JTI: "jti-2", ClientID: "anonymous", UserID: user.ID, SessionID: "session-1",
		IssuedAt: now().Unix(), ExpiresAt: now().Unix() + 3600,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &grant.Answer{
		AccessToken: access, ExpiresIn: 300, RefreshExpiresIn: 3600, RefreshToken: refresh,
		TokenType: "bearer", IDToken: "i.d.t", SessionState: "session-1", Scope: "openid profile email",
	}
}

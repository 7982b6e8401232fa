package interop

import (
	"encoding/json"
	"path/filepath"
	"testing"
)

// task is what a client program reads from standard input.
type task struct {
	Issuer        string `json:"issuer"`
	TokenEndpoint string `json:"token_endpoint"`
	API           string `json:"api"`
	ClientID      string `json:"client_id"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	InForm        bool   `json:"in_form,omitempty"` // client_id in the form instead of Basic
	Offsets       []int  `json:"offsets,omitempty"` // seconds after the start at which to call the API
}

func (s *server) task(p person) task {
	return task{Issuer: s.Issuer, TokenEndpoint: s.TokenEndpoint, API: s.API, ClientID: "anonymous", Username: p.name, Password: p.password}
}

// report is what a client program prints: log in, call the API, let the access
// token expire, call again, refresh, call again.
type report struct {
	Client        string          `json:"client"`
	First         handed          `json:"first"`
	VMs           json.RawMessage `json:"vms"`
	ExpiredStatus int             `json:"expired_status"`
	Second        handed          `json:"second"`
	VMsAfter      json.RawMessage `json:"vms_after"`
	IDToken       map[string]any  `json:"id_token"` // claims, where the library verified one
	UserInfo      map[string]any  `json:"userinfo"`
}

// handed is what a library hands out of a token answer: some leave members out,
// and some change the scope into a list.
type handed struct {
	AccessToken      string `json:"access_token"`
	ExpiresIn        int    `json:"expires_in"`
	RefreshExpiresIn int    `json:"refresh_expires_in"`
	RefreshToken     string `json:"refresh_token"`
	TokenType        string `json:"token_type"`
}

// client is a program that logs in as libraries do.
type client struct {
	name     string
	command  []string
	inForm   bool
	verifies bool // the library checks the ID token
	userinfo bool // and asks for userinfo
}

func python(file string) []string {
	return []string{"/usr/bin/python3", "-B", filepath.Join("python", file)}
}

func node(file string) []string {
	return []string{"node", filepath.Join("npm", file)}
}

func clients() []client {
	return []client{
		{name: "x-oauth2 and go-oidc", command: []string{lab.goclient}, verifies: true, userinfo: true},
		{name: "openid-client", command: node("openid-client.mjs"), verifies: true, userinfo: true},
		{name: "keycloak-admin-client", command: node("keycloak-admin-client.mjs")},
		{name: "simple-oauth2", command: node("simple-oauth2.mjs")},
		{name: "requests-oauthlib with Basic", command: python("requests_oauthlib_client.py")},
		{name: "requests-oauthlib with client_id", command: python("requests_oauthlib_client.py"), inForm: true},
		{name: "Authlib", command: python("authlib_client.py"), verifies: true},
	}
}

func TestLibraries(t *testing.T) {
	t.Parallel()
	for _, where := range []struct {
		name   string
		server *server
	}{{"reusable", lab.brief}, {"rotating", lab.rotating}} {
		for _, c := range clients() {
			t.Run(where.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				where.server.explain(t)
				task := where.server.task(library)
				task.InForm = c.inForm
				judge(t, c, where.server, tell(t, nil, c.command, task))
			})
		}
	}
}

// tell gives a program its task and returns its report.
func tell(t *testing.T, env, command []string, task any) []byte {
	t.Helper()
	stdin, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(program(t, string(stdin), env, command[0], command[1:]...))
}

func judge(t *testing.T, c client, s *server, raw []byte) {
	t.Helper()
	var r report
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatalf("no report: %v\n%s", err, short(raw))
	}
	t.Log(r.Client)
	isViewersList(t, r.VMs)
	isViewersList(t, r.VMsAfter)
	if r.ExpiredStatus != 401 {
		t.Errorf("an expired access token got %d from the API", r.ExpiredStatus)
	}
	for _, a := range []handed{r.First, r.Second} {
		if a.ExpiresIn != 0 && (a.ExpiresIn != 2 || a.RefreshExpiresIn != 6 || a.TokenType != "bearer") {
			t.Errorf("an answer came through as %+v", a)
		}
		if got := claim(t, a.AccessToken, "typ"); got != "Bearer" {
			t.Errorf("the access token's typ is %q", got)
		}
		if got := claim(t, a.RefreshToken, "typ"); got != "Refresh" {
			t.Errorf("the refresh token's typ is %q", got)
		}
	}
	if r.First.AccessToken == r.Second.AccessToken || r.First.RefreshToken == r.Second.RefreshToken {
		t.Error("the refresh brought an old token back")
	}
	first, second := claim(t, r.First.AccessToken, "session_state"), claim(t, r.Second.AccessToken, "session_state")
	if first == "" || first != second {
		t.Errorf("the session changed from %q to %q", first, second)
	}
	judgeIdentity(t, c, s, r)
}

func judgeIdentity(t *testing.T, c client, s *server, r report) {
	t.Helper()
	subject := claim(t, r.First.AccessToken, "sub")
	if c.verifies && (r.IDToken["iss"] != s.Issuer || r.IDToken["sub"] != subject || r.IDToken["preferred_username"] != library.name) {
		t.Errorf("the ID token says %v", r.IDToken)
	}
	if c.userinfo && (r.UserInfo["sub"] != subject || r.UserInfo["email"] != "library@example.org") {
		t.Errorf("userinfo says %v", r.UserInfo)
	}
}

package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// response is what curl received.
type response struct {
	status int
	header http.Header
	body   []byte
}

// curl runs curl with the arguments and takes apart what it received.
func curl(t *testing.T, args ...string) response {
	t.Helper()
	out := program(t, "", nil, "curl", append([]string{"--silent", "--show-error", "--include", "--max-time", "30"}, args...)...)
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(out)), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return response{resp.StatusCode, resp.Header, body}
}

// logIn is a password grant whose values curl encodes.
func logIn(t *testing.T, s *server, p person) response {
	t.Helper()
	return curl(t, "-d", "client_id=anonymous", "-d", "grant_type=password", "-d", "scope=openid",
		"--data-urlencode", "username="+p.name, "--data-urlencode", "password="+p.password, s.TokenEndpoint)
}

func tokens(t *testing.T, r response) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal(r.body, &a); r.status != 200 || err != nil {
		t.Fatalf("no token answer: %d %s", r.status, r.body)
	}
	return a
}

// TestPasswordsArriveByteForByte logs in with every awkward password, and shows
// for each that a password decoded twice, trimmed or cut is another one.
func TestPasswordsArriveByteForByte(t *testing.T) {
	t.Parallel()
	for name, passwords := range map[string][]string{ // the right one, then wrong ones
		"semicolon": {"one;two;", "one"},
		"ampersand": {"one&two=three", "one"},
		"plus":      {"one+two three", "one two three"},
		"percent":   {"100%25 %zz %", "100% %zz %"},
		"fourbytes": {"Pässwört 🎬𝄞", "Pässwört "},
		"blanks":    {"  blanks at both ends\t ", "blanks at both ends"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := lab.standard
			s.explain(t)
			for _, wrong := range passwords[1:] {
				wantFault(t, logIn(t, s, person{name, wrong}), 401, "invalid_grant", "Invalid user credentials")
			}
			tokens(t, logIn(t, s, person{name, passwords[0]}))
			// Pasted into the documentation's line without encoding.
			if name == "semicolon" {
				tokens(t, curl(t, "-d", "client_id=anonymous& grant_type=password& username="+name+"& password="+passwords[0], s.TokenEndpoint))
			}
		})
	}
}

func TestBadEscapeIsNamed(t *testing.T) {
	t.Parallel()
	r := curl(t, "-d", "client_id=anonymous&grant_type=password&username=percent&password=100%25 %zz %", lab.standard.TokenEndpoint)
	if r.status != 400 || !bytes.Contains(r.body, []byte("password")) {
		t.Errorf("a bad %% escape got %d %s", r.status, r.body)
	}
}

// TestListInAllSpellings asks for the VideoManagers in every way clients do.
func TestListInAllSpellings(t *testing.T) {
	t.Parallel()
	s := lab.standard
	s.explain(t)
	bearer := tokens(t, logIn(t, s, viewer)).AccessToken
	for _, path := range []string{"/vms", "/vms/", "/vms?", "/vms/?", "//vms", "/vms//"} {
		for _, scheme := range []string{"Bearer", "bearer"} {
			r := curl(t, "-H", "Authorization: "+scheme+" "+bearer, "-H", "Content-Type: application/json", s.API+path)
			if r.status != 200 {
				t.Errorf("GET /v1%s as %s: %d", path, scheme, r.status)
				continue
			}
			isViewersList(t, r.body)
		}
	}
}

// TestConfidentialClient is a client with a secret: in the form, without asking
// for a scope, and in Basic (encoded as RFC 6749 wants it); and as itself.
func TestConfidentialClient(t *testing.T) {
	t.Parallel()
	s := lab.standard
	s.explain(t)
	const id, secret = "reports", "kept: by the & reports%20client"
	login := []string{"-d", "grant_type=password", "--data-urlencode", "username=" + viewer.name, "--data-urlencode", "password=" + viewer.password}
	inForm := []string{"-d", "client_id=" + id, "--data-urlencode", "client_secret=" + secret}
	basic := []string{"-u", id + ":" + url.QueryEscape(secret)}
	for _, auth := range [][]string{inForm, basic} {
		a := tokens(t, curl(t, append(append(auth, login...), s.TokenEndpoint)...))
		if a.IDToken != "" {
			t.Error("an ID token that nobody asked for")
		}
		isViewersList(t, curl(t, "-H", "Authorization: Bearer "+a.AccessToken, s.API+"/vms").body)
		active := curl(t, append(append(auth, "--data-urlencode", "token="+a.AccessToken), s.TokenEndpoint+"/introspect")...)
		if active.status != 200 || !bytes.Contains(active.body, []byte(`"active":true`)) {
			t.Errorf("introspection: %d %s", active.status, active.body)
		}
		itself := tokens(t, curl(t, append(append(auth, "-d", "grant_type=client_credentials"), s.TokenEndpoint)...))
		if itself.RefreshToken != "" {
			t.Error("client credentials brought a refresh token")
		}
		var list []vm
		r := curl(t, "-H", "Authorization: Bearer "+itself.AccessToken, s.API+"/vms")
		if err := json.Unmarshal(r.body, &list); err != nil || len(list) != 1 || list[0].ID != 5 {
			t.Errorf("the service account's VideoManagers: %d %s", r.status, r.body)
		}
	}
	wrong := curl(t, append(login, "-d", "client_id="+id, "-d", "client_secret=wrong", s.TokenEndpoint)...)
	wantFault(t, wrong, 401, "unauthorized_client", "Invalid client or Invalid client credentials")
}

// TestLogoutIsImmediate logs out with the refresh token; the access token, good
// for minutes, opens nothing from then on.
func TestLogoutIsImmediate(t *testing.T) {
	t.Parallel()
	s := lab.standard
	s.explain(t)
	a := tokens(t, logIn(t, s, viewer))
	vms := []string{"-H", "Authorization: Bearer " + a.AccessToken, s.API + "/vms"}
	isViewersList(t, curl(t, vms...).body)
	if r := curl(t, "-d", "client_id=anonymous", "-d", "refresh_token="+a.RefreshToken, s.Issuer+"/protocol/openid-connect/logout"); r.status != 204 {
		t.Errorf("logout: %d %s", r.status, r.body)
	}
	if r := curl(t, vms...); r.status != 401 {
		t.Errorf("after the logout the API answered %d", r.status)
	}
	wantFault(t, curl(t, "-d", "grant_type=refresh_token", "-d", "client_id=anonymous", "-d", "refresh_token="+a.RefreshToken, s.TokenEndpoint),
		400, "invalid_grant", "Session not active")
}

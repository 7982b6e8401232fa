package interop

import (
	"net"
	"testing"
)

// TestRestart stops a server and starts it again over the same folder and port:
// sessions, tokens and keys are as they were, and a logout stays one.
func TestRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	realm, err := writeRealm(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--listen", freeAddress(t), "--realm-file", realm}
	s, err := start(dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	kept, ended := tokens(t, logIn(t, s, viewer)), tokens(t, logIn(t, s, library))
	logout := curl(t, "-d", "client_id=anonymous", "-d", "refresh_token="+ended.RefreshToken, s.Issuer+"/protocol/openid-connect/logout")
	if logout.status != 204 {
		t.Fatalf("logout: %d %s", logout.status, logout.body)
	}
	keys := curl(t, s.Issuer+"/protocol/openid-connect/certs").body
	s.stop()

	s, err = start(dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	s.explain(t)
	isViewersList(t, curl(t, "-H", "Authorization: Bearer "+kept.AccessToken, s.API+"/vms").body)
	if r := curl(t, "-H", "Authorization: Bearer "+ended.AccessToken, s.API+"/vms"); r.status != 401 {
		t.Errorf("the restart gave a logged-out access token back its power: %d", r.status)
	}
	again := tokens(t, curl(t, "-d", "grant_type=refresh_token", "-d", "client_id=anonymous", "-d", "refresh_token="+kept.RefreshToken, s.TokenEndpoint))
	if again.SessionState != kept.SessionState {
		t.Error("the session changed over the restart")
	}
	if got := curl(t, s.Issuer+"/protocol/openid-connect/certs").body; string(got) != string(keys) {
		t.Errorf("the published keys changed over the restart:\n%s\n%s", keys, got)
	}
	tokens(t, logIn(t, s, library))
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// paste fills in a line of the published documentation (host, credentials,
// tokens: nothing else) and lets a shell run it.
func paste(t *testing.T, s *server, line string, fill ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "documentation", line))
	if err != nil {
		t.Fatal(err)
	}
	replace := append(fill,
		"https://login.example.org/auth/realms/platform/protocol/openid-connect/token", s.TokenEndpoint,
		"https://api.example.org/v1", s.API,
	)
	return program(t, "", nil, "bash", "-c", strings.NewReplacer(replace...).Replace(string(raw)))
}

// TestDocumentedLines pastes the documentation's three requests as printed, in
// both ways their form body is broken: blanks after each &, and line breaks.
func TestDocumentedLines(t *testing.T) {
	t.Parallel()
	s := lab.standard
	for _, form := range []string{"blanks", "lines"} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			s.explain(t)
			a := documented(t, paste(t, s, "login-"+form+".sh", "<---USERNAME--->", viewer.name, "<---PASSWORD--->", viewer.password), 300, 3600)
			isViewersList(t, []byte(paste(t, s, "vms.sh", "<ACCESS_TOKEN>", a.AccessToken)))
			first := a
			for range 3 {
				b := documented(t, paste(t, s, "refresh-"+form+".sh", "<----REFRESH_TOKEN---->", a.RefreshToken), 300, 3600)
				if b.SessionState != a.SessionState {
					t.Errorf("session_state changed from %s to %s", a.SessionState, b.SessionState)
				}
				if b.AccessToken == a.AccessToken || b.RefreshToken == a.RefreshToken {
					t.Error("the refresh brought an old token back")
				}
				a = b
			}
			isViewersList(t, []byte(paste(t, s, "vms.sh", "<ACCESS_TOKEN>", a.AccessToken)))
			again := documented(t, paste(t, s, "refresh-"+form+".sh", "<----REFRESH_TOKEN---->", first.RefreshToken), 300, 3600)
			if again.SessionState != first.SessionState {
				t.Error("the first refresh token opened another session")
			}
		})
	}
}

// TestTheSessionsEnd keeps a session alive beyond the life of its first refresh
// token, then leaves it alone until it is over.
func TestTheSessionsEnd(t *testing.T) {
	t.Parallel()
	s := lab.paced
	s.explain(t)
	first := documented(t, paste(t, s, "login-blanks.sh", "<---USERNAME--->", viewer.name, "<---PASSWORD--->", viewer.password), pacedAccess, pacedRefresh)
	a := first
	for range 3 {
		waitPast(t, a.AccessToken)
		a = documented(t, paste(t, s, "refresh-lines.sh", "<----REFRESH_TOKEN---->", a.RefreshToken), pacedAccess, pacedRefresh)
	}
	if a.SessionState != first.SessionState {
		t.Errorf("session_state changed from %s to %s", first.SessionState, a.SessionState)
	}
	waitPast(t, first.RefreshToken)
	wantFault(t, curl(t, "-d", "grant_type=refresh_token", "-d", "client_id=anonymous", "-d", "refresh_token="+first.RefreshToken, s.TokenEndpoint),
		400, "invalid_grant", "Token is not active")
	isViewersList(t, []byte(paste(t, s, "vms.sh", "<ACCESS_TOKEN>", documented(t, paste(t, s, "refresh-blanks.sh", "<----REFRESH_TOKEN---->", a.RefreshToken), pacedAccess, pacedRefresh).AccessToken)))

	waitPast(t, a.RefreshToken)
	wantFault(t, curl(t, "-d", "grant_type=refresh_token", "-d", "client_id=anonymous", "-d", "refresh_token="+a.RefreshToken, s.TokenEndpoint),
		400, "invalid_grant", "Token is not active")
}

// wantFault checks an OAuth error, and that it helps.
func wantFault(t *testing.T, got response, status int, code, text string) {
	t.Helper()
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Hint        string `json:"error_hint"`
		ID          string `json:"error_id"`
	}
	if err := json.Unmarshal(got.body, &body); err != nil {
		t.Fatalf("no OAuth error: %v\n%d %s", err, got.status, got.body)
	}
	if got.status != status || body.Error != code || body.Description != text {
		t.Errorf("got %d %s %q, want %d %s %q", got.status, body.Error, body.Description, status, code, text)
	}
	if body.Hint == "" || body.ID == "" {
		t.Errorf("the error helps nobody: %s", got.body)
	}
}

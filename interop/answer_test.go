package interop

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// answer is the documented token answer.
type answer struct {
	AccessToken      string `json:"access_token"`
	ExpiresIn        int    `json:"expires_in"`
	RefreshExpiresIn int    `json:"refresh_expires_in"`
	RefreshToken     string `json:"refresh_token"`
	TokenType        string `json:"token_type"`
	IDToken          string `json:"id_token"`
	NotBeforePolicy  int    `json:"not-before-policy"`
	SessionState     string `json:"session_state"`
	Scope            string `json:"scope"`
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// documented parses an answer that must have exactly the documented members.
func documented(t *testing.T, body string, expiresIn, refreshExpiresIn int) answer {
	t.Helper()
	var members map[string]json.RawMessage
	var a answer
	if err := json.Unmarshal([]byte(body), &members); err != nil {
		t.Fatalf("the answer is no JSON object: %v\n%s", err, short([]byte(body)))
	}
	want := []string{
		"access_token", "expires_in", "id_token", "not-before-policy", "refresh_expires_in",
		"refresh_token", "scope", "session_state", "token_type",
	}
	if got := slices.Sorted(maps.Keys(members)); !slices.Equal(got, want) {
		t.Fatalf("the answer's members are %q, documented are %q\n%s", got, want, body)
	}
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("a member has another type than documented: %v\n%s", err, body)
	}
	if a.ExpiresIn != expiresIn || a.RefreshExpiresIn != refreshExpiresIn {
		t.Errorf("expires_in %d and refresh_expires_in %d, not %d and %d", a.ExpiresIn, a.RefreshExpiresIn, expiresIn, refreshExpiresIn)
	}
	if a.TokenType != "bearer" || a.NotBeforePolicy != 0 || a.Scope != "openid profile email" {
		t.Errorf("token_type %q, not-before-policy %d, scope %q", a.TokenType, a.NotBeforePolicy, a.Scope)
	}
	if !uuid.MatchString(a.SessionState) {
		t.Errorf("session_state %q is no UUID", a.SessionState)
	}
	for _, token := range []string{a.AccessToken, a.RefreshToken, a.IDToken} {
		claims(t, token)
	}
	return a
}

// claims reads a token's payload as clients do, without checking it.
func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("no compact JWS of three parts: %q", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// claim returns a claim that is text.
func claim(t *testing.T, token, name string) string {
	t.Helper()
	s, _ := claims(t, token)[name].(string)
	return s
}

// waitPast returns when the wall clock's whole seconds are past the token's exp.
func waitPast(t *testing.T, token string) {
	t.Helper()
	exp, ok := claims(t, token)["exp"].(float64)
	if !ok {
		t.Fatalf("exp is no number in %v", claims(t, token))
	}
	time.Sleep(time.Until(time.Unix(int64(exp)+1, 0)) + 50*time.Millisecond)
}

// isViewersList checks a body of GET /v1/vms against the realm file.
func isViewersList(t *testing.T, body []byte) {
	t.Helper()
	var list []vm
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatalf("GET /v1/vms is no array of VideoManagers: %v\n%s", err, body)
	}
	got := map[int64]string{}
	for _, v := range list {
		got[v.ID] = v.Name
		if !uuid.MatchString(v.UUID) || len(v.Configuration) == 0 || v.Configuration[0] != '{' {
			t.Errorf("VideoManager %d: uuid %q, configuration %s", v.ID, v.UUID, v.Configuration)
		}
	}
	if !maps.Equal(got, viewersVMs) {
		t.Errorf("GET /v1/vms lists %v, not %v", got, viewersVMs)
	}
}

// short cuts what a failure shows of a long body.
func short(body []byte) string {
	if len(body) <= 500 {
		return string(body)
	}
	return string(body[:500]) + "…"
}

package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

func TestDocumentedRequests(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	token := u.URL + "/auth/realms/platform/protocol/openid-connect/token"
	got := post(t, token, url.Values{"client_id": {"anonymous"}, "grant_type": {"password"}, "response_type": {"token"},
		"scope": {"openid"}, "username": {apptest.User}, "password": {apptest.Password}})
	access, _ := got["access_token"].(string)
	refresh, _ := got["refresh_token"].(string)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.URL+"/v1/vms", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+access)
	if status, body := do(t, r); status != http.StatusOK || strings.Count(body, `"uuid"`) != 3 {
		t.Errorf("GET /v1/vms: %d %s", status, body)
	}
	again := post(t, token, url.Values{"client_id": {"anonymous"}, "grant_type": {"refresh_token"}, "refresh_token": {refresh}})
	if again["session_state"] != got["session_state"] {
		t.Errorf("session_state %v became %v", got["session_state"], again["session_state"])
	}
}

func post(t *testing.T, to string, form url.Values) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, body := do(t, r)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func do(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

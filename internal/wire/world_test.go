package wire

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// tokens is a token answer.
type tokens struct {
	Access       string `json:"access_token"`
	Refresh      string `json:"refresh_token"`
	ID           string `json:"id_token"`
	SessionState string `json:"session_state"`
}

func basic(id, secret string) string {
	return base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id) + ":" + url.QueryEscape(secret)))
}

func refresh(client, token string) string {
	return form("client_id", client, "grant_type", "refresh_token", "refresh_token", token)
}

func (w *world) do(t *testing.T, method, path, body string, header http.Header) *exchange {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, w.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		q.Header[name] = values
	}
	return exchangeOf(t, w, q)
}

func (w *world) post(t *testing.T, path, body string, header http.Header) *exchange {
	t.Helper()
	header = header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(t, "POST", path, body, header)
}

// login takes tokens by the password grant of a public client.
func (w *world) login(t *testing.T, realm, client, user, password string) tokens {
	t.Helper()
	return w.tokens(t, realm, form("client_id", client, "grant_type", "password", "scope", "openid", "username", user, "password", password))
}

// loginAs does the same as a confidential client.
func (w *world) loginAs(t *testing.T, realm, client, secret, user, password string) tokens {
	t.Helper()
	return w.tokens(t, realm, form("client_id", client, "client_secret", secret, "grant_type", "password", "scope", "openid", "username", user, "password", password))
}

// refreshed presents a refresh token of the public client.
func (w *world) refreshed(t *testing.T, realm, token string) tokens {
	t.Helper()
	return w.tokens(t, realm, refresh("anonymous", token))
}

func (w *world) tokens(t *testing.T, realm, body string) tokens {
	t.Helper()
	e := w.post(t, strings.Replace(tokenPath, "platform", realm, 1), body, nil)
	if e.status != http.StatusOK {
		t.Fatalf("no tokens: %d %s", e.status, e.body)
	}
	var got tokens
	if err := json.Unmarshal(e.body, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// vms calls the API and returns the status.
func (w *world) vms(t *testing.T, access string) int {
	t.Helper()
	return w.do(t, "GET", "/v1/vms", "", http.Header{"Authorization": {"Bearer " + access}}).status
}

func (w *world) protocol(realm, endpoint string) string {
	return strings.Replace(strings.Replace(tokenPath, "platform", realm, 1), "/token", "/"+endpoint, 1)
}

// memberOf is a string member of a JSON object.
func memberOf(t *testing.T, body []byte, name string) string {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	s, _ := object[name].(string)
	return s
}

// algOf is the algorithm a token's header names.
func algOf(t *testing.T, token string) string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	b, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	return memberOf(t, b, "alg")
}

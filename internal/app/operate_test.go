package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// send is one form at the token endpoint, past the network; it returns the
// answer.
func sendForm(u *apptest.Usher, form url.Values, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/auth/realms/platform/protocol/openid-connect/token", strings.NewReader(form.Encode()))
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = "127.0.0.1:50000"
	w := httptest.NewRecorder()
	u.Public.ServeHTTP(w, r)
	return w
}

// TestNoRequestAddsASeries: whatever clients, grants, paths and methods are
// made up, the number of series stays.
func TestNoRequestAddsASeries(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{LogLevel: "error", Config: func(c *app.Config) { c.KeycloakMetrics = true }})
	hostile := func(i int) {
		id := fmt.Sprintf("client-%d", i)
		sendForm(u, url.Values{"client_id": {id}, "grant_type": {"password"}, "username": {id}, "password": {id}}, nil)
		if i%10 > 1 {
			return
		}
		sendForm(u, url.Values{"client_id": {"anonymous"}, "grant_type": {id}}, nil)
		for _, path := range []string{"/auth/realms/" + id, "/" + id, "/v1/" + id} {
			r := httptest.NewRequest("GET", path, nil)
			r.Method = []string{"GET", "M" + strconv.Itoa(i)}[i%2]
			u.Public.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	sendForm(u, url.Values{"client_id": {"anonymous"}, "grant_type": {"password"}, "username": {apptest.User}, "password": {apptest.Password}}, nil)
	hostile(0)
	hostile(1)
	before := len(seriesOf(scrape(t, u)))
	for i := range scaled(t, 100_000) {
		hostile(2 + i)
	}
	if after := len(seriesOf(scrape(t, u))); after != before {
		t.Errorf("%d series became %d", before, after)
	}
}

// scaled is a volume, by USHER_TEST_SCALE.
func scaled(t *testing.T, n int) int {
	t.Helper()
	text := os.Getenv("USHER_TEST_SCALE")
	if text == "" {
		return n
	}
	scale, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return max(1, int(float64(n)*scale))
}

// seriesOf are the names and labels of a scrape, the runtime's own left out.
func seriesOf(text string) (out []string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "usher_") || strings.HasPrefix(line, "keycloak_") {
			name, _, _ := strings.Cut(line, " ")
			out = append(out, name)
		}
	}
	return out
}

// TestKeycloakCounters: a login, a refresh and a wrong password are counted
// under Keycloak's names where that is asked for, and not otherwise.
func TestKeycloakCounters(t *testing.T) {
	t.Parallel()
	for _, wanted := range []bool{false, true} {
		t.Run(strconv.FormatBool(wanted), func(t *testing.T) {
			t.Parallel()
			u := apptest.Start(t, apptest.Options{Config: func(c *app.Config) { c.KeycloakMetrics = wanted }})
			token := u.URL + "/auth/realms/platform/protocol/openid-connect/token"
			got := post(t, token, url.Values{"client_id": {"anonymous"}, "grant_type": {"password"}, "username": {apptest.User}, "password": {apptest.Password}})
			post(t, token, url.Values{"client_id": {"anonymous"}, "grant_type": {"refresh_token"}, "refresh_token": {got["refresh_token"].(string)}})
			sendForm(u, url.Values{"client_id": {"anonymous"}, "grant_type": {"password"}, "username": {apptest.User}, "password": {"wrong"}}, nil)
			text := scrape(t, u)
			for _, line := range []string{
				`keycloak_user_events_total{error="",event="login",realm="platform"} 1`,
				`keycloak_user_events_total{error="",event="refresh_token",realm="platform"} 1`,
				`keycloak_user_events_total{error="invalid_user_credentials",event="login",realm="platform"} 1`,
				`keycloak_credentials_password_hashing_validations_total{algorithm="argon2",hashing_strength="Argon2id-1.3[m=7168,t=5,p=1]",outcome="valid",realm="platform"} 1`,
				`keycloak_credentials_password_hashing_validations_total{algorithm="argon2",hashing_strength="Argon2id-1.3[m=7168,t=5,p=1]",outcome="invalid",realm="platform"} 1`,
			} {
				if strings.Contains(text, line) != wanted {
					t.Errorf("%s: wanted %v", line, wanted)
				}
			}
		})
	}
}

// TestRequestIDs: a trusted proxy's is taken where it can stand in a log, and
// no one else's; the answer's error_id and the log line are one.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, sent string
		trusted    bool
		taken      bool
	}{
		{"a trusted proxy's", "req-1.A_b", true, true},
		{"a stranger's", "req-1", false, false},
		{"with a blank", "a b", true, false},
		{"with a line break", "a\nb", true, false},
		{"too long", strings.Repeat("a", 129), true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u := apptest.Start(t, apptest.Options{LogLevel: "info", Config: func(cfg *app.Config) {
				if c.trusted {
					cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
				}
			}})
			answer := sendForm(u, url.Values{"client_id": {"nobody"}, "grant_type": {"password"}}, http.Header{"X-Request-Id": {c.sent}}).Body.String()
			if taken := strings.Contains(answer, `"error_id":"`+c.sent+`"`); taken != c.taken {
				t.Errorf("taken %v: %s", taken, answer)
			}
			if taken := strings.Contains(u.Log(), `"request_id":"`+c.sent+`"`); taken != c.taken {
				t.Errorf("logged %v: %s", taken, u.Log())
			}
		})
	}
}

// TestPeopleAreNotLogged at info, unless that is asked for: no names, and of
// addresses a tag that is the same for the same one.
func TestPeopleAreNotLogged(t *testing.T) {
	t.Parallel()
	for _, shown := range []bool{false, true} {
		t.Run(strconv.FormatBool(shown), func(t *testing.T) {
			t.Parallel()
			u := apptest.Start(t, apptest.Options{LogLevel: "debug", Config: func(c *app.Config) {
				c.LogPII = shown
				c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
			}})
			for range 2 {
				sendForm(u, url.Values{"client_id": {"anonymous"}, "grant_type": {"password"}, "username": {apptest.User}, "password": {"wrong"}},
					http.Header{"X-Forwarded-For": {"203.0.113.77"}})
			}
			log := u.Log()
			if strings.Contains(log, apptest.User) {
				t.Errorf("a name is logged:\n%s", log)
			}
			if strings.Contains(log, "203.0.113.77") != shown {
				t.Errorf("address shown, wanted %v:\n%s", shown, log)
			}
			if !shown {
				_, tag, _ := strings.Cut(log, `"address_tag":"`)
				tag, _, _ = strings.Cut(tag, `"`)
				if len(tag) != 12 || strings.Count(log, tag) != 2 {
					t.Errorf("tag %q:\n%s", tag, log)
				}
			}
		})
	}
}

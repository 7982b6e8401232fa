package oauth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/oauth"
)

func TestParseResource(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, key string }{
		{"https://api.example.com/v1/", "https://api.example.com/v1"},
		{"https://api.example.com/v1", "https://api.example.com/v1"},
		{"HTTPS://API.Example.com:443/v1//", "https://api.example.com/v1"},
		{"http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1"},
		{"http://[::1]:80/v1/", "http://[::1]/v1"},
		{"https://api.example.com:/v1/?a=b", "https://api.example.com/v1?a=b"},
		{"acct:ann@example.com", "acct:ann@example.com"},
		{"", ""},
		{"api.example.com/v1/", ""},
		{"/v1/", ""},
		{"https:///v1/", ""},
		{"https://user:pw@api.example.com/", ""},
		{"https://api.example.com/#x", ""},
		{"https://api.example.com/ x", ""},
		{"https://api.example.com/\r\nX: y", ""},
		{`https://api.example.com\@evil/`, ""},
		{"https://" + strings.Repeat("a", 3000), ""},
	} {
		got, err := oauth.ParseResource(c.in)
		if got.Key != c.key || (err == nil) != (c.key != "") || (err == nil && got.Raw != c.in) {
			t.Errorf("ParseResource(%.60q) = %+v, %v, want key %q", c.in, got, err, c.key)
		}
		if err != nil && !errors.Is(err, oauth.ErrResource) {
			t.Errorf("ParseResource(%.60q): %v", c.in, err)
		}
	}
}

func FuzzParseResource(f *testing.F) {
	for _, seed := range []string{
		"https://api.example.com/v1/", "http://[::1]:80", "acct:a@b", "https://a:443:443/", "https://%00/", "HTTP://A%2fB/%2F//?x#",
		"https://a/..%2f../", "//x", "x:", "https://a:b@c", "https://ａ/",
		"http://a/" + strings.Repeat("^", 1500),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := oauth.ParseResource(s)
		if err != nil {
			return
		}
		if r.Raw != s || r.Key == "" {
			t.Fatalf("%q became %+v", s, r)
		}
		for i := 0; i < len(r.Key); i++ {
			if r.Key[i] <= ' ' || r.Key[i] > '~' {
				t.Fatalf("%q: foreign byte in key %q", s, r.Key)
			}
		}
		if strings.HasPrefix(r.Key, "http") && strings.Contains(r.Key, "://") {
			again, err := oauth.ParseResource(r.Key)
			if err != nil || again.Key != r.Key {
				t.Fatalf("%q: key %q became %q, %v", s, r.Key, again.Key, err)
			}
		}
	})
}

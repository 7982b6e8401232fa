package oauth_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/oauth"
)

func TestScopes(t *testing.T) {
	t.Parallel()
	hundred := strings.TrimSuffix(strings.Repeat("s ", 100), " ")
	for _, c := range []struct {
		in   string
		want []string
		ok   bool
	}{
		{"", nil, true},
		{"openid", []string{"openid"}, true},
		{"openid profile openid email", []string{"openid", "profile", "email"}, true},
		{hundred, []string{"s"}, true},
		{hundred + " s", nil, false},
		{"openid ", nil, false},
		{" openid", nil, false},
		{"openid  email", nil, false},
		{"openid\temail", nil, false},
		{`a"b`, nil, false},
		{`a\b`, nil, false},
		{"ü", nil, false},
		{strings.Repeat("x", 4096), []string{strings.Repeat("x", 4096)}, true},
		{strings.Repeat("x", 4097), nil, false},
	} {
		got, err := oauth.Scopes(c.in)
		var refused *oauth.Error
		if errors.As(err, &refused) == c.ok || !slices.Equal(got, c.want) {
			t.Errorf("Scopes(%.30q) = %.60q, %v", c.in, got, err)
		}
		if err != nil && refused.Fault != oauth.InvalidScope {
			t.Errorf("Scopes(%.30q): %s", c.in, refused.Fault)
		}
	}
}

func FuzzScopes(f *testing.F) {
	for _, seed := range []string{"", " ", "openid", "openid email openid", "a  b", "a\nb", `"`, strings.Repeat("x ", 101), "\x7f", "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		items, err := oauth.Scopes(s)
		if err != nil {
			if items != nil {
				t.Fatalf("%q: refused and given", s)
			}
			return
		}
		again, err := oauth.Scopes(strings.Join(items, " "))
		if err != nil || !slices.Equal(again, items) {
			t.Fatalf("%q: %q, once more %q, %v", s, items, again, err)
		}
		rest := strings.Fields(s)
		for _, item := range items { // order kept, nothing added
			i := slices.Index(rest, item)
			if i < 0 {
				t.Fatalf("%q: %q is not in order", s, items)
			}
			rest = rest[i:]
		}
		for _, item := range strings.Fields(s) { // nothing lost
			if !slices.Contains(items, item) {
				t.Fatalf("%q lost %q", s, item)
			}
		}
	})
}

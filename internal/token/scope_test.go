package token_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

func TestResolveScopes(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	c := r.Clients["anonymous"]
	for _, tc := range []struct{ asked, public, full string }{
		{"", "profile email", "web-origins acr profile roles basic email video-api"},
		{"openid", "openid profile email", "openid web-origins acr profile roles basic email video-api"},
		{"openid profile email", "openid profile email", "openid web-origins acr profile roles basic email video-api"},
		{"email openid", "openid profile email", "openid web-origins acr profile roles basic email video-api"},
		{"phone openid address", "openid profile email phone address", "openid web-origins acr profile roles basic email video-api phone address"},
		{"offline_access", "profile email offline_access", "web-origins acr profile roles basic email video-api offline_access"},
		{"openid openid phone phone", "openid profile email phone", "openid web-origins acr profile roles basic email video-api phone"},
		{"video-api roles", "profile email", "web-origins acr profile roles basic email video-api"},
	} {
		s, err := token.ResolveScopes(r.RealmConfig, c, tc.asked)
		if err != nil || s.Public != tc.public || s.Full != tc.full || s.OpenID != strings.Contains(tc.asked, "openid") {
			t.Errorf("%q: %q, %q, openid %v, %v", tc.asked, s.Public, s.Full, s.OpenID, err)
		}
	}
	for _, asked := range []string{"nope", "openid nope", " ", "openid  profile", " openid", "openid ", "OPENID", "openid\tprofile", "öffnen", strings.Repeat("a", 5000), strings.Repeat("openid ", 200) + "openid"} {
		_, err := token.ResolveScopes(r.RealmConfig, c, asked)
		var refused *oauth.Error
		if !errors.As(err, &refused) || refused.Fault != oauth.InvalidScope {
			t.Errorf("%.20q: %v", asked, err)
		}
	}
	var refused *oauth.Error
	if _, err := token.ResolveScopes(r.RealmConfig, c, "openid nope"); !errors.As(err, &refused) || refused.Arg != "openid nope" {
		t.Errorf("the scope as sent: %v", err)
	}
}

func TestVideoAudience(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*token.Realm)
		want   bool
	}{
		{"built in", func(*token.Realm) {}, true},
		{"switched off", func(r *token.Realm) { r.Realm.NoVideoAudience = true }, false},
		{"switched off, assigned", func(r *token.Realm) {
			r.Realm.NoVideoAudience = true
			r.Clients["anonymous"].DefaultScopes = []string{"video-api"}
		}, true},
		{"a realm that knows nothing of it", func(r *token.Realm) { r.Realm.ClientScopes, r.Clients["anonymous"].DefaultScopes = nil, nil }, true},
		{"a realm that uses the name for something else", func(r *token.Realm) {
			r.Realm.ClientScopes = []iam.ClientScope{{Name: "video-api"}}
			r.Clients["anonymous"].DefaultScopes = []string{"video-api"}
		}, true},
	} {
		r := newRealm(t, "EdDSA")
		tc.change(r)
		c, err := r.Parse(mustAccess(t, newSubject(t, r, "")), token.KindAccess)
		if err != nil || c.HasAudience("video-api") != tc.want {
			t.Errorf("%s: audience %v, %v", tc.name, c.Audience, err)
		}
		if id := claimsOf(t, mustID(t, newSubject(t, r, "openid"))); id["aud"] != "anonymous" {
			t.Errorf("%s: the ID token's audience is %v", tc.name, id["aud"])
		}
	}
}

func TestScopesThatAreGone(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	c := r.Clients["anonymous"]
	full, err := token.ResolveScopes(r.RealmConfig, c, "openid phone address")
	if err != nil {
		t.Fatal(err)
	}
	if again := token.GrantedScopes(r.RealmConfig, c, full.Full); again.Full != full.Full || again.Public != full.Public || !again.OpenID {
		t.Errorf("granted again: %q", again.Full)
	}
	c.OptionalScopes = []string{"phone", "undefined"}
	if later := token.GrantedScopes(r.RealmConfig, c, full.Full+" undefined nonsense"); later.Public != "openid profile email phone" {
		t.Errorf("after the client lost address: %q", later.Public)
	}
	c.DefaultScopes = []string{"undefined", "email"}
	if s, err := token.ResolveScopes(r.RealmConfig, c, "openid"); err != nil || s.Public != "openid email" {
		t.Errorf("a default scope that the realm does not define: %q, %v", s.Public, err)
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	s, err := token.ResolveScopes(r.RealmConfig, r.Clients["anonymous"], "openid phone")
	if err != nil {
		t.Fatal(err)
	}
	for asked, want := range map[string]bool{
		"": true, "openid": true, "phone openid": true, "profile": true, "roles": true, "address": false, "openid address": false,
		" ": false, "nope": false, "openid  phone": false,
	} {
		if s.Covers(asked) != want {
			t.Errorf("Covers(%q) = %v", asked, !want)
		}
	}
}

// Asking for what was granted changes nothing, and a scope covers itself.
func TestScopeProperties(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	c := r.Clients["anonymous"]
	names := []string{"openid", "profile", "email", "address", "phone", "offline_access", "microprofile-jwt", "roles", "acr"}
	rapid.Check(t, func(t *rapid.T) {
		asked := strings.Join(rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(t, "asked"), " ")
		s, err := token.ResolveScopes(r.RealmConfig, c, asked)
		if err != nil {
			t.Fatal(err)
		}
		again, err := token.ResolveScopes(r.RealmConfig, c, s.Full)
		if err != nil || !sameSet(again.Full, s.Full) || !sameSet(again.Public, s.Public) {
			t.Fatalf("%q resolves to %q, that to %q (%v)", asked, s.Full, again.Full, err)
		}
		if !s.Covers(asked) || !s.Covers(s.Public) || !s.Covers(s.Full) {
			t.Fatalf("%q does not cover itself", s.Full)
		}
	})
}

func sameSet(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

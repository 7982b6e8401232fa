package live

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

func TestCaller(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	got, err := n.Verify(t.Context(), n.mint(t, "k1", nil))
	want := vms.Caller{RealmID: "r1", UserID: "u1", Username: "ada", ClientID: "anonymous", Scope: "openid profile email", Expires: anyTime + 300}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}

// F6 (RFC 8725 sections 3.8, 3.9): the API takes tokens of its own issuers and
// its own audience only, and says what is wrong with others.
func TestF6_IssuerAndAudienceAreChecked(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	good := n.mint(t, "k1", nil)
	flipped := good[:len(good)-10] + strings.Repeat("A", 10)
	for name, c := range map[string]struct{ raw, want string }{
		"good":               {good, ""},
		"audience in a list": {n.mint(t, "k1", claims{"aud": []string{"x", "video-api"}}), ""},
		"at its last second": {n.mint(t, "k1", claims{"exp": anyTime}), ""},
		"expired":            {n.mint(t, "k1", claims{"exp": anyTime - 42}), "Token expired 42 s ago"},
		"other audience":     {n.mint(t, "k1", claims{"aud": "x"}), "Token is not for this API: its audience lacks video-api"},
		"no audience":        {n.mint(t, "k1", claims{"aud": nil}), "Token is not for this API: its audience lacks video-api"},
		"other issuer":       {n.mint(t, "k1", claims{"iss": "https://evil.example"}), "Token was issued by somebody else"},
		"refresh token":      {n.mint(t, "k1", claims{"typ": "Refresh"}), "Token is not an access token"},
		"ID token":           {n.mint(t, "k1", claims{"typ": "ID"}), "Token is not an access token"},
		"unknown client":     {n.mint(t, "k1", claims{"azp": "nobody"}), "Client is not enabled"},
		"not yet":            {n.mint(t, "k1", claims{"nbf": anyTime + 60}), "Token is not valid yet"},
		"unknown key":        {n.mint(t, "k9", nil), "Token was signed with an unknown key"},
		"bad signature":      {flipped, "Token signature is wrong"},
		"not a token":        {"hello", "Token is malformed"},
		"empty":              {"", "Token is malformed"},
		"dots":               {"..", "Token is malformed"},
		"too long":           {strings.Repeat("x", 16<<10+1), "Token is too long"},
		"long header":        {strings.Repeat("x", 2000) + ".e30.", "Token is malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // what was refused once is refused again
				if got := n.says(t, c.raw); got != c.want {
					t.Errorf("%q, want %q", got, c.want)
				}
			}
		})
	}
}

func TestOnlyGoodTokensAreRemembered(t *testing.T) {
	t.Parallel()
	var seen []bool
	n := newNode(t, func(o *VerifierOptions) { o.Checked = func(s bool) { seen = append(seen, s) } })
	good, bad := n.mint(t, "k1", nil), n.mint(t, "k1", claims{"aud": "x"})
	for _, raw := range []string{good, good, bad, bad} {
		n.says(t, raw)
	}
	if want := fmt.Sprint([]bool{false, true, false, false}); fmt.Sprint(seen) != want || n.Remembered() != 1 {
		t.Errorf("seen %v, %d remembered", seen, n.Remembered())
	}
}

// What makes a remembered token worthless does so at its next call, and the
// token is forgotten.
func TestRememberedIsJudgedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*testing.T, *node)
		want   string
	}{
		"expiry": {func(_ *testing.T, n *node) { n.clock.advance(301 * time.Second) }, "Token expired 1 s ago"},
		"key gone": {func(t *testing.T, n *node) {
			n.configure(t, func(r *token.Realm) { delete(r.Keys.Verify, "k1") })
			n.reload(t)
		}, "Token was signed with a key that is no longer in use"},
		"key replaced under its kid": {func(t *testing.T, n *node) {
			n.configure(t, func(r *token.Realm) {
				k := r.Keys.Verify["k1"]
				k.Public = n.key("another").Public()
				r.Keys.Verify["k1"] = k
			})
			n.reload(t)
		}, "Token was signed with a key that is no longer in use"},
		"realm disabled": {func(t *testing.T, n *node) {
			n.configure(t, func(r *token.Realm) { r.Realm.Enabled = false })
			n.reload(t)
		}, "Realm is not enabled"},
		"realm gone": {func(t *testing.T, n *node) {
			n.store.with(func() { delete(n.store.config.Realms, "platform") })
			n.reload(t)
		}, "Realm is not enabled"},
		"client disabled": {func(t *testing.T, n *node) {
			n.configure(t, func(r *token.Realm) { r.Clients["anonymous"].Enabled = false })
			n.reload(t)
		}, "Client is not enabled"},
		"realm not-before": {func(t *testing.T, n *node) {
			n.configure(t, func(r *token.Realm) { r.Realm.NotBefore = anyTime + 1 })
			n.reload(t)
		}, "Token was revoked"},
		"client not-before": {func(t *testing.T, n *node) {
			n.configure(t, func(r *token.Realm) { r.Clients["anonymous"].NotBefore = anyTime + 1 })
			n.reload(t)
		}, "Token was revoked"},
		"issuer changed": {func(t *testing.T, n *node) {
			n.configure(t, func(r *token.Realm) { r.Issuer = "https://new.example" })
			n.reload(t)
		}, "Token was issued by somebody else"},
		"logged out": {func(_ *testing.T, n *node) {
			n.Feed.Apply(n.store.revoke(iam.Revocation{Kind: iam.RevokeSession, ID: "s1"}))
		}, "Token was revoked"},
		"configuration changed otherwise": {func(t *testing.T, n *node) {
			n.configure(t, func(r *token.Realm) { r.Realm.NotBefore = anyTime; delete(r.Keys.Verify, "k2") })
			n.reload(t)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNode(t, nil)
			raw := n.mint(t, "k1", nil)
			if got := n.says(t, raw); got != "" {
				t.Fatal(got)
			}
			c.change(t, n)
			if got := n.says(t, raw); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if remembered := n.Remembered() == 1; remembered != (c.want == "") {
				t.Errorf("remembered: %v", remembered)
			}
		})
	}
}

func TestRevocationKinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rev     iam.Revocation
		refuses bool
	}{
		{iam.Revocation{Kind: iam.RevokeToken, ID: "j1"}, true},
		{iam.Revocation{Kind: iam.RevokeToken, ID: "j2"}, false},
		{iam.Revocation{Kind: iam.RevokeFamily, ID: "f1"}, true},
		{iam.Revocation{Kind: iam.RevokeFamily, ID: ""}, false},
		{iam.Revocation{Kind: iam.RevokeSession, ID: "s1"}, true},
		{iam.Revocation{Kind: iam.RevokeSession, ID: "s2"}, false},
		{iam.Revocation{Kind: iam.RevokeClientSession, ID: "s1/c1"}, true},
		{iam.Revocation{Kind: iam.RevokeClientSession, ID: "s1/c2"}, false},
		{iam.Revocation{Kind: iam.RevokeUser, ID: "u1", IssuedBefore: anyTime + 1}, true},
		{iam.Revocation{Kind: iam.RevokeUser, ID: "u1", IssuedBefore: anyTime}, false},
		{iam.Revocation{Kind: iam.RevokeClient, ID: "c1", IssuedBefore: anyTime + 1}, true},
		{iam.Revocation{Kind: iam.RevokeClient, ID: "c2", IssuedBefore: anyTime + 1}, false},
		{iam.Revocation{Kind: iam.RevokeRealm, ID: "r1", IssuedBefore: anyTime + 1}, true},
		{iam.Revocation{Kind: iam.RevokeRealm, ID: "r1", IssuedBefore: anyTime}, false},
		{iam.Revocation{Kind: iam.ForgetMembers, ID: "u1"}, false},
	} {
		t.Run(fmt.Sprint(c.rev.Kind, c.rev.ID, c.rev.IssuedBefore), func(t *testing.T) {
			t.Parallel()
			n := newNode(t, nil)
			seen, unseen := n.mint(t, "k1", nil), n.mint(t, "k2", nil)
			if got := n.says(t, seen); got != "" {
				t.Fatal(got)
			}
			n.Feed.Apply(n.store.revoke(c.rev))
			for name, raw := range map[string]string{"seen": seen, "unseen": unseen} {
				if got := n.says(t, raw); (got == "Token was revoked") != c.refuses {
					t.Errorf("%s: %q", name, got)
				}
			}
			other := c.rev
			other.RealmID = "r2"
			m := newNode(t, nil)
			m.Feed.Apply(other)
			if got := m.says(t, seen); got != "" {
				t.Errorf("an entry of another realm refuses: %q", got)
			}
		})
	}
}

// F3 (RFC 8725 section 3.10): a key made by another node a moment ago is found
// by one re-read, and a flood of unknown kids reads the store once a second.
func TestF3_UnknownKeysCauseOneReadASecond(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	n.configure(t, func(r *token.Realm) {
		r.Keys.Verify["k3"] = token.VerifyKey{KID: "k3", Alg: "EdDSA", Public: n.key("k3").Public()}
	})
	if got := n.says(t, n.mint(t, "k3", nil)); got != "" {
		t.Fatal(got)
	}
	loads := func() (l int) { n.store.with(func() { l = n.store.loads }); return l }
	before := loads()
	for range 50 {
		if got := n.says(t, n.mint(t, "k9", nil)); got != "Token was signed with an unknown key" {
			t.Fatal(got)
		}
	}
	if got := loads() - before; got != 0 {
		t.Errorf("%d reads within the second of the last", got)
	}
	n.clock.advance(time.Second)
	for range 50 {
		n.says(t, n.mint(t, "k9", nil))
	}
	if got := loads() - before; got != 1 {
		t.Errorf("%d reads in the next second", got)
	}
}

func TestRealmsThatShareAKey(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	n.store.with(func() {
		n.store.config.Realms["b"] = n.realm("b", "r2", "https://login.example/auth/realms/b", "k1")
	})
	n.reload(t)
	caller, err := n.Verify(t.Context(), n.mint(t, "k1", claims{"iss": "https://login.example/auth/realms/b"}))
	if err != nil || caller.RealmID != "r2" {
		t.Errorf("%+v, %v", caller, err)
	}
	if got := n.says(t, n.mint(t, "k1", nil)); got != "" {
		t.Error(got)
	}
	if got := n.says(t, n.mint(t, "k1", claims{"iss": "https://login.example/auth/realms/c"})); got != "Token was issued by somebody else" {
		t.Error(got)
	}
}

func TestRememberedAreBounded(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(o *VerifierOptions) { o.Remember = 64 })
	for i := range 500 {
		if got := n.says(t, n.mint(t, "k1", claims{"jti": fmt.Sprint(i)})); got != "" {
			t.Fatal(got)
		}
	}
	if got := n.Remembered(); got > 64 {
		t.Errorf("%d remembered", got)
	}
}

// Trouble forgets nothing: the token is good again when the store is.
func TestTroubleKeepsRemembered(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	seen, unseen := n.mint(t, "k1", nil), n.mint(t, "k2", nil)
	n.says(t, seen)
	n.store.with(func() { n.store.trouble = fails })
	n.clock.advance(2 * time.Second)
	if got := n.says(t, seen); got != "" {
		t.Errorf("remembered, in the grace: %q", got)
	}
	if got := n.says(t, unseen); got != "503" {
		t.Errorf("first sight in trouble: %q", got)
	}
	n.clock.advance(31 * time.Second)
	if got := n.says(t, seen); got != "503" {
		t.Errorf("remembered, after the grace: %q", got)
	}
	n.store.with(func() { n.store.trouble = nil })
	n.clock.advance(time.Second)
	for _, raw := range []string{seen, unseen} {
		if got := n.says(t, raw); got != "" {
			t.Errorf("after the trouble: %q", got)
		}
	}
}

// A rotating family is confirmed once per generation, again after a failure,
// and never for tokens whose generation needs none.
func TestConfirm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []string
		fail := true
		n := newNode(t, func(o *VerifierOptions) {
			o.Confirm = func(_ context.Context, family string, gen int64) error {
				mu.Lock()
				defer mu.Unlock()
				if fail {
					return errTrouble
				}
				told = append(told, fmt.Sprint(family, gen))
				return nil
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); n.Run(ctx) }()
		first, second := n.mint(t, "k1", nil), n.mint(t, "k1", claims{"gen": 1})
		for range 3 {
			n.says(t, first)
		}
		n.says(t, second)
		synctest.Wait()
		mu.Lock()
		fail = false
		mu.Unlock()
		for range 3 {
			n.says(t, second)
			synctest.Wait()
		}
		cancel()
		<-done
		if fmt.Sprint(told) != "[f11]" {
			t.Errorf("told %v", told)
		}
	})
}

// Nobody waits for confirmations: with no one to write them the queue fills
// and calls go on.
func TestConfirmQueueIsBounded(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(o *VerifierOptions) {
		o.Confirm = func(context.Context, string, int64) error { return errors.New("never called") }
	})
	for i := range confirmQueue + 100 {
		if got := n.says(t, n.mint(t, "k1", claims{"gen": 1, "jti": fmt.Sprint(i)})); got != "" {
			t.Fatal(got)
		}
	}
}

// Revoking while many verify: once Apply has returned, no call passes.
func TestApplyIsImmediate(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	raw := n.mint(t, "k1", nil)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					n.says(t, raw)
				}
			}
		})
	}
	for i := range 200 { // entries of others, which make every call look again
		n.Feed.Apply(iam.Revocation{RealmID: "r1", Kind: iam.RevokeSession, ID: fmt.Sprint("x", i), Until: 1 << 60})
	}
	n.Feed.Apply(iam.Revocation{RealmID: "r1", Kind: iam.RevokeSession, ID: "s1", Until: 1 << 60})
	for range 100 {
		if got := n.says(t, raw); got != "Token was revoked" {
			t.Errorf("%q", got)
		}
	}
	close(stop)
	wg.Wait()
}

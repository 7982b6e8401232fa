package iam_test

import (
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

var lives = iam.KeyLives{Access: 300_000, Refresh: 1_800_000}

// t0 is a moment, lead the time before a published key signs, ms.
const t0 = int64(1_800_000_000_000)

var lead = iam.KeyLead.Milliseconds()

// states writes a set shortly: kid, state, and the times from t0 on in seconds.
func states(s iam.KeySet) []string {
	out := []string{}
	for _, k := range s {
		line := k.KID + " " + string(k.Status)
		for _, at := range []struct {
			name string
			ms   int64
		}{{"activate", k.ActivateAt}, {"retire", k.RetireAt}, {"remove", k.RemoveAt}} {
			if at.ms != 0 {
				line += fmt.Sprintf(" %s+%d", at.name, (at.ms-t0)/1000)
			}
		}
		out = append(out, line)
	}
	return out
}

func key(kid, alg string, status iam.KeyStatus) iam.Key {
	return iam.Key{ID: kid, KID: kid, Algorithm: alg, Status: status, Priority: 100, CreatedAt: t0}
}

// TestKeySetAt is the life of a key, moment by moment.
func TestKeySetAt(t *testing.T) {
	t.Parallel()
	first := iam.KeySet{key("a", "RS256", iam.KeyActive), key("h", "HS512", iam.KeyActive)}
	begun, err := first.Published(key("b", "RS256", ""), t0)
	if err != nil {
		t.Fatal(err)
	}
	if begun, err = begun.Published(key("i", "HS512", ""), t0); err != nil {
		t.Fatal(err)
	}
	access, refresh := lead+360_000, lead+1_860_000
	for _, c := range []struct {
		name string
		at   int64
		want []string
	}{
		{"published at once", 0, []string{"a ACTIVE retire+3600", "h ACTIVE retire+3600", "b PASSIVE activate+3600", "i PASSIVE activate+3600"}},
		{"a moment before the lead is over", lead - 1, []string{"a ACTIVE retire+3600", "h ACTIVE retire+3600", "b PASSIVE activate+3600", "i PASSIVE activate+3600"}},
		{"the new ones sign", lead, []string{"a PASSIVE remove+3960", "h PASSIVE remove+5460", "b ACTIVE", "i ACTIVE"}},
		{"the longest access token and a minute later", access, []string{"h PASSIVE remove+5460", "b ACTIVE", "i ACTIVE"}},
		{"a moment before the longest refresh token is over", refresh - 1, []string{"h PASSIVE remove+5460", "b ACTIVE", "i ACTIVE"}},
		{"the longest refresh token and a minute later", refresh, []string{"b ACTIVE", "i ACTIVE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := begun
			if c.at >= lead {
				s = s.At(t0+lead, lives)
			}
			if diff := cmp.Diff(c.want, states(s.At(t0+c.at, lives))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestKeySetChanges are the changes a person asks for, and their refusals.
func TestKeySetChanges(t *testing.T) {
	t.Parallel()
	pending := key("p", "RS256", iam.KeyPassive)
	pending.ActivateAt = t0 + 5000
	active := key("a", "RS256", iam.KeyActive)
	active.RetireAt, active.Priority = t0+5000, 300
	old := key("o", "RS256", iam.KeyPassive)
	other := key("e", "ES256", iam.KeyActive)
	for _, c := range []struct {
		name string
		do   func() (iam.KeySet, error)
		want []string
		err  error
	}{
		{"one rotation at a time", func() (iam.KeySet, error) {
			return iam.KeySet{active, pending}.Published(key("n", "RS256", ""), t0)
		}, []string{}, iam.ErrRotating},
		{"another algorithm rotates meanwhile", func() (iam.KeySet, error) {
			return iam.KeySet{active, pending, other}.Published(key("n", "ES256", ""), t0)
		}, []string{"a ACTIVE retire+5", "p PASSIVE activate+5", "e ACTIVE retire+3600", "n PASSIVE activate+3600"}, nil},
		{"the first key of an algorithm", func() (iam.KeySet, error) {
			return iam.KeySet{other}.Published(key("n", "RS256", ""), t0)
		}, []string{"e ACTIVE", "n PASSIVE activate+3600"}, nil},
		{"an emergency", func() (iam.KeySet, error) {
			return iam.KeySet{active, pending, old, other}.Replaced(key("n", "RS256", ""), t0, lives), nil
		}, []string{"a DISABLED remove+360", "p DISABLED remove+360", "o DISABLED remove+360", "e ACTIVE", "n ACTIVE"}, nil},
		{"the only key is not disabled", func() (iam.KeySet, error) {
			return iam.KeySet{active, pending, other}.Disabled("a", t0, lives)
		}, []string{}, iam.ErrOnlyKey},
		{"a waiting key is called off", func() (iam.KeySet, error) {
			return iam.KeySet{active, pending}.Disabled("p", t0, lives)
		}, []string{"a ACTIVE", "p DISABLED remove+360"}, nil},
		{"a retired key is ended early", func() (iam.KeySet, error) {
			return iam.KeySet{active, old}.Disabled("o", t0, lives)
		}, []string{"a ACTIVE retire+5", "o DISABLED remove+360"}, nil},
		{"one of two", func() (iam.KeySet, error) {
			return iam.KeySet{active, key("b", "RS256", iam.KeyActive)}.Disabled("a", t0, lives)
		}, []string{"a DISABLED remove+360", "b ACTIVE"}, nil},
		{"nobody's kid", func() (iam.KeySet, error) {
			return iam.KeySet{active}.Disabled("x", t0, lives)
		}, []string{}, iam.ErrNoSuchKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := c.do()
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if diff := cmp.Diff(c.want, states(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestKeySetPriority: the new key signs although the old one was preferred.
func TestKeySetPriority(t *testing.T) {
	t.Parallel()
	preferred := key("a", "RS256", iam.KeyActive)
	preferred.Priority = 500
	fresh := key("b", "RS256", "")
	fresh.CreatedAt = t0 + 1
	s := iam.KeySet{preferred}.Replaced(fresh, t0, lives)
	if got := s.Ranked()[0].KID; got != "b" {
		t.Errorf("%s signs", got)
	}
}

// TestKeyLives takes the longest of everything that bounds a refresh token.
func TestKeyLives(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lifetimes iam.Lifetimes
		refresh   int64 // s
	}{
		"nothing set":                {iam.Lifetimes{}, 1800},
		"idle without a maximum":     {iam.Lifetimes{SessionIdle: 3600}, 3600},
		"the maximum":                {iam.Lifetimes{SessionIdle: 1800, SessionMax: 36000}, 36000},
		"remember me":                {iam.Lifetimes{SessionIdle: 1800, SessionIdleRememberMe: 90000}, 90000},
		"offline":                    {iam.Lifetimes{SessionIdle: 1800, OfflineIdle: 2592000, OfflineMax: 5184000}, 2592000},
		"offline that has a maximum": {iam.Lifetimes{SessionIdle: 1800, OfflineIdle: 2592000, OfflineMax: 5184000, OfflineMaxEnabled: true}, 5184000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := (&iam.RealmConfig{Realm: iam.Realm{Lifetimes: c.lifetimes}}).KeyLives()
			if got.Refresh != c.refresh*1000 || got.Access < 300_000 {
				t.Errorf("%+v, want refresh tokens of %d s", got, c.refresh)
			}
		})
	}
}

// signed is a token: what signed it and until when it is good.
type signed struct {
	kid, alg string
	until    int64
}

// TestKeySetNeverFails runs rotations at random moments, beside each other and
// late, with tokens being made all the time: each is good until it expires
// unless its key was disabled, nothing signs before everybody could know it,
// something always signs, and nothing is kept for ever.
func TestKeySetNeverFails(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := iam.KeySet{key("k0", "RS256", iam.KeyActive), key("k1", "HS512", iam.KeyActive)}
		now, made := t0, 2
		known := map[string]int64{"k0": t0 - lead, "k1": t0 - lead} // since when a kid was in the set
		var tokens []signed
		fresh := func(alg string) iam.Key {
			made++
			k := key("k"+strconv.Itoa(made), alg, "")
			k.CreatedAt = now
			return k
		}
		disabled := map[string]bool{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now += rapid.Int64Range(1, lead).Draw(t, "wait")
			alg := rapid.SampledFrom([]string{"RS256", "HS512"}).Draw(t, "algorithm")
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0, 1, 2, 3:
				if next, err := s.Published(fresh(alg), now); err == nil {
					s = next
				}
			case 4:
				s = s.Replaced(fresh(alg), now, lives)
				known[s[len(s)-1].KID] = now - lead // an emergency does not wait
			case 5:
				k := rapid.SampledFrom(s).Draw(t, "key")
				if next, err := s.Disabled(k.KID, now, lives); err == nil {
					s = next
				}
			default: // the job was late or did not run
			}
			s = s.At(now, lives)
			if !s.At(now, lives).Same(s) {
				t.Fatal("a second application changes something")
			}
			ring, signer := map[string]bool{}, map[string]string{}
			for _, k := range s {
				disabled[k.KID] = disabled[k.KID] || k.Status == iam.KeyDisabled
			}
			for _, k := range s.Ranked() {
				ring[k.KID] = true
				if _, ok := known[k.KID]; !ok {
					known[k.KID] = now
				}
				if k.Status == iam.KeyActive && signer[k.Algorithm] == "" {
					signer[k.Algorithm] = k.KID
				}
			}
			for _, tok := range tokens {
				if tok.until >= now && !ring[tok.kid] && !disabled[tok.kid] {
					t.Fatalf("a token of %s is refused %d ms early", tok.kid, tok.until-now)
				}
			}
			for _, alg := range []string{"RS256", "HS512"} {
				kid := signer[alg]
				if kid == "" {
					t.Fatalf("nothing signs %s: %v", alg, states(s))
				}
				if now-known[kid] < lead {
					t.Fatalf("%s signs %d ms after it was published", kid, now-known[kid])
				}
				life := map[string]int64{"RS256": lives.Access, "HS512": lives.Refresh}[alg]
				tokens = append(tokens, signed{kid, alg, now + life})
			}
		}
		now += 2 * lead
		s = s.At(now, lives)
		if s = s.At(now+lives.Refresh+60_000, lives); len(s) != 2 {
			t.Fatalf("left in the end: %v", states(s))
		}
	})
}

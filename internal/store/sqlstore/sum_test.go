package sqlstore

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// TestSumsTellColumnsApart: whatever two rows hold, their sums are equal when
// they are, and a text that moves from one column to the next is seen.
func TestSumsTellColumnsApart(t *testing.T) {
	t.Parallel()
	s := newSums([]byte("root"), nil)
	text := rapid.SampledFrom([]string{"", "a", "b", "ab", "ba", "\x00", "a\x00", "\x01\x00\x00\x00a"})
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(name string) iam.Family {
			return iam.Family{
				ID: text.Draw(rt, name), RealmID: text.Draw(rt, name), SessionID: text.Draw(rt, name), Scope: text.Draw(rt, name),
				Salt: []byte(text.Draw(rt, name)), KeyID: text.Draw(rt, name), ParentJTI: text.Draw(rt, name),
				RevokeReason: text.Draw(rt, name), Gen: rapid.Int64Range(0, 1).Draw(rt, name), Confirmed: rapid.Bool().Draw(rt, name),
				Ring: []iam.Used{{JTI: text.Draw(rt, name)}, {JTI: text.Draw(rt, name)}}[:rapid.IntRange(0, 2).Draw(rt, name)],
			}
		}
		a, b := draw("a"), draw("b")
		if same := sameFamily(&a, &b); same != (s.family(&a) == s.family(&b)) {
			rt.Fatalf("%+v and %+v: the same is %v, their sums say otherwise", a, b, same)
		}
	})
}

func sameFamily(a, b *iam.Family) bool {
	if len(a.Ring) != len(b.Ring) {
		return false
	}
	for i := range a.Ring {
		if a.Ring[i] != b.Ring[i] {
			return false
		}
	}
	return a.ID == b.ID && a.RealmID == b.RealmID && a.SessionID == b.SessionID && a.Scope == b.Scope &&
		string(a.Salt) == string(b.Salt) && a.KeyID == b.KeyID && a.ParentJTI == b.ParentJTI &&
		a.RevokeReason == b.RevokeReason && a.Gen == b.Gen && a.Confirmed == b.Confirmed
}

// TestSumsAreOfOneTableAndKey: a row of one table is none of another, and a row
// of one store none of another.
func TestSumsAreOfOneTableAndKey(t *testing.T) {
	t.Parallel()
	s, other := newSums([]byte("root"), nil), newSums([]byte("other"), nil)
	seen := map[int64]bool{}
	for _, sum := range []int64{
		s.client("a", "b", "c", "d"), s.key("a", "b", "c", "d"), other.client("a", "b", "c", "d"), s.realm("a", "b", "c"),
		s.sessionTouch("a", 1, 1), s.familyTouch("a", 1), s.password("a", 1, nil), s.password("a", 1, &iam.Credential{}), s.password("a", 2, &iam.Credential{}),
		s.revocation(&iam.Revocation{Seq: 1}), s.revocation(&iam.Revocation{Seq: -1}),
	} {
		if seen[sum] {
			t.Errorf("the sum %d comes twice", sum)
		}
		seen[sum] = true
	}
}

func TestSumsCostNoAllocation(t *testing.T) {
	s := newSums([]byte("root"), nil)
	f := &iam.Family{ID: "00000000-0000-4000-8000-000000000000", Scope: "openid profile email", Salt: make([]byte, 16)}
	if n := testing.AllocsPerRun(100, func() { s.family(f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkSums is what one rotation adds: the sums of four rows checked, those
// of two made.
func BenchmarkSums(b *testing.B) {
	s := newSums([]byte("root"), nil)
	id := "00000000-0000-4000-8000-000000000000"
	f := &iam.Family{ID: id, RealmID: id, SessionID: id, ClientID: id, UserID: id, Scope: "openid profile email", Salt: make([]byte, 16),
		KeyID: id, ParentJTI: id, Ring: []iam.Used{{JTI: id}, {JTI: id}, {JTI: id}}}
	u := &iam.UserSession{ID: id, RealmID: id, UserID: id, Address: "192.0.2.1", Method: "openid-connect"}
	c := &iam.ClientSession{SessionID: id, ClientID: id}
	for b.Loop() {
		s.family(f)
		s.familyTouch(id, 1)
		s.session(u)
		s.sessionTouch(id, 1, 1)
		s.clientSession(c)
		s.family(f)
		s.familyTouch(id, 1)
	}
}

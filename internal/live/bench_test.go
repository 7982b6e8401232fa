package live

import (
	"context"
	"fmt"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// A token seen before, as nearly every call of the API brings.
func BenchmarkVerifySeen(b *testing.B) {
	n := newNode(b, nil)
	raw := n.mint(b, "k1", claims{"pad": fmt.Sprintf("%0600d", 0)}) // about the length of a real one
	n.says(b, raw)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := n.Verify(context.Background(), raw); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The same while every call finds a new entry in the feed.
func BenchmarkVerifySeenWhileRevoking(b *testing.B) {
	n := newNode(b, nil)
	raw := n.mint(b, "k1", claims{"pad": fmt.Sprintf("%0600d", 0)})
	n.says(b, raw)
	b.ReportAllocs()
	for i := range b.N {
		n.Feed.Apply(iam.Revocation{RealmID: "r1", Kind: iam.RevokeSession, ID: fmt.Sprint(i % 10_000), Until: int64(i)})
		if _, err := n.Verify(context.Background(), raw); err != nil {
			b.Fatal(err)
		}
	}
}

// First sight, with the signature check that dominates it, and without.
func BenchmarkVerifyFirst(b *testing.B) {
	n := newNode(b, nil)
	raw := n.mint(b, "k1", nil)
	cfg := n.Snapshot.Config()
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := check(cfg, raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parse only", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := cfg.Realms["platform"].Parse(raw, token.KindAccess); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkRefused(b *testing.B) {
	n := newNode(b, nil)
	for i := range 10_000 {
		n.Feed.Apply(iam.Revocation{RealmID: "r1", Kind: iam.RevokeSession, ID: fmt.Sprint(i), Until: 1 << 60})
	}
	c := &token.Claims{ID: "j1", SessionID: "s1", Family: "f1", Subject: "u1"}
	b.ReportAllocs()
	for b.Loop() {
		n.Feed.Refused("r1", "c1", c)
	}
}

func BenchmarkMembers(b *testing.B) {
	m := NewMembers(MembersOptions{Read: func(context.Context, string, string) ([]vms.VideoManager, error) { return nil, nil }})
	c := vms.Caller{RealmID: "6f1c9d4e-0000-4000-8000-000000000000", UserID: "7f1c9d4e-0000-4000-8000-000000000000"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Of(context.Background(), c); err != nil {
			b.Fatal(err)
		}
	}
}

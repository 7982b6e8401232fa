package sqlite

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// callers is how many requests the benchmarks keep under way.
const callers = 64

// filled is a store with users and their logins.
func filled(b *testing.B, logins int) *DB {
	b.Helper()
	db := open(b, Options{Dir: b.TempDir()})
	in := iam.RealmImport{Realm: iam.Realm{ID: realm, Name: "platform"}}
	for i := range callers {
		in.Users = append(in.Users, iam.User{ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), Username: fmt.Sprintf("user%d", i), Enabled: true,
			Email: fmt.Sprintf("user%d@example.org", i), FirstName: "First", LastName: "Last", RealmRoles: []string{"user", "admin"},
			Password: &iam.Credential{ID: "p", Type: "password", SecretData: `{"value":"aGFzaA==","salt":"c2FsdA=="}`, CredentialData: `{"algorithm":"argon2"}`}})
	}
	if err := db.ImportRealm(b.Context(), in, nil); err != nil {
		b.Fatal(err)
	}
	for i := range logins {
		if err := db.OpenLogin(b.Context(), newLogin(i)); err != nil {
			b.Fatal(err)
		}
	}
	return db
}

const realm = "00000000-0000-4000-8000-00000000aaaa"

func newLogin(i int) iam.Login {
	id := func(kind byte) string { return fmt.Sprintf("%c0000000-0000-4000-8000-%012d", kind, i) }
	user := fmt.Sprintf("00000000-0000-4000-8000-%012d", i%callers)
	client := "00000000-0000-4000-8000-00000000cccc"
	const at = 1_800_000_000_000
	return iam.Login{
		Session:       iam.UserSession{ID: id('a'), RealmID: realm, UserID: user, StartedAt: at, LastRefresh: at, Address: "192.0.2.1", Method: "openid-connect", DeadAt: at + 1000},
		ClientSession: iam.ClientSession{SessionID: id('a'), ClientID: client, StartedAt: at},
		Family: &iam.Family{ID: id('f'), RealmID: realm, SessionID: id('a'), ClientID: client, UserID: user, Scope: "openid profile email",
			Rotating: true, Window: 10_000, Recovery: iam.RecoverUnconfirmed, Rev: 1, Salt: make([]byte, 16), KeyID: id('k'), DeadAt: at + 1000},
		Event: &iam.Event{ID: id('e'), At: at, RealmID: realm, Type: "LOGIN", UserID: user, SessionID: id('a'), Address: "192.0.2.1"},
	}
}

// parallel runs call from callers goroutines, each with its own number.
func parallel(b *testing.B, call func(ctx context.Context, caller int) error) {
	b.Helper()
	var next atomic.Int64
	b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		me := int(next.Add(1) - 1)
		for pb.Next() {
			if err := call(b.Context(), me); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkFamily(b *testing.B) {
	db := filled(b, 1000)
	var n atomic.Int64
	parallel(b, func(ctx context.Context, _ int) error {
		_, err := db.Family(ctx, realm, newLoginFamily(int(n.Add(1)*7919)%1000))
		return err
	})
}

func newLoginFamily(i int) string { return fmt.Sprintf("f0000000-0000-4000-8000-%012d", i) }

func BenchmarkAdvanceFamily(b *testing.B) {
	db := filled(b, 1000)
	families := make([]iam.Family, 1000)
	for i := range families {
		families[i] = *newLogin(i).Family
	}
	parallel(b, func(ctx context.Context, caller int) error {
		f := &families[caller]
		next := *f
		next.Gen++
		next.ParentJTI = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
		next.Ring = append([]iam.Used{{JTI: next.ParentJTI, FirstUsed: next.Gen}}, f.Ring[:min(3, len(f.Ring))]...)
		at := 1_800_000_001_000 + next.Gen // both times move forward, as they do
		err := db.AdvanceFamily(ctx, *f, next, at, at, nil)
		next.Rev++
		*f = next
		return err
	})
}

func BenchmarkOpenLogin(b *testing.B) {
	db := filled(b, 0)
	var n atomic.Int64
	parallel(b, func(ctx context.Context, _ int) error { return db.OpenLogin(ctx, newLogin(int(n.Add(1)))) })
}

func BenchmarkTouchSession(b *testing.B) {
	db := filled(b, 1000)
	parallel(b, func(ctx context.Context, caller int) error {
		l := newLogin(caller)
		return db.TouchSession(ctx, l.Session.ID, l.Family.ID, l.Session.StartedAt, l.Session.DeadAt)
	})
}

func BenchmarkUserByName(b *testing.B) {
	db := filled(b, 0)
	parallel(b, func(ctx context.Context, caller int) error {
		_, err := db.UserByName(ctx, realm, fmt.Sprintf("user%d", caller%callers))
		return err
	})
}

// BenchmarkOneWriter is what a lone caller waits for: mostly the disk.
func BenchmarkOneWriter(b *testing.B) {
	db := filled(b, 0)
	b.ReportAllocs()
	for b.Loop() {
		if err := db.Probe(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenFolder(b *testing.B) {
	dir := b.TempDir()
	open(b, Options{Dir: dir}).Close()
	for b.Loop() {
		open(b, Options{Dir: dir}).Close()
	}
}

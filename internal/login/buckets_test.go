package login

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

func TestAddressesAreBounded(t *testing.T) {
	t.Parallel()
	from := func(b *bench, address, name, password string) error {
		a := attempt(name, password)
		a.Address = netip.MustParseAddr(address)
		_, err := b.Authenticate(context.Background(), b.cfg, a)
		return err
	}
	inBubble(t, func(t *testing.T, b *bench) {
		for i := range 20 {
			if err := from(b, "2001:db8::"+fmt.Sprint(i+1), fmt.Sprint("nobody", i), "x"); err != iam.ErrBadCredentials {
				t.Fatalf("guess %d: %v", i, err)
			}
		}
		before := b.hasher.hashes()
		for _, name := range []string{"anna", "nobody"} { // known or not
			if err := from(b, "2001:db8::ffff", name, "right"); err != error(iam.BusyError{RetryAfter: 3, Address: true}) {
				t.Errorf("the 21st of one /64, %s: %v", name, err)
			}
		}
		if b.hasher.hashes() != before || len(b.store.logged()) != 20 {
			t.Error("a refused address cost something")
		}
		if err := from(b, "2001:db8:0:1::1", "anna", "right"); err != nil {
			t.Errorf("the next /64: %v", err)
		}
		time.Sleep(3 * time.Second)
		if err := from(b, "2001:db8::ffff", "anna", "x"); err != iam.ErrBadCredentials {
			t.Errorf("three seconds later: %v", err)
		}
	})
	inBubble(t, func(t *testing.T, b *bench) {
		judged := 0
		for i := range 250 {
			err := from(b, fmt.Sprint("198.51.100.", i), fmt.Sprint("nobody", i), "x")
			if err == iam.ErrBadCredentials {
				judged++
			}
		}
		// 25 ms each: the bucket gains some twenty while it is emptied.
		if judged < 200 || judged > 225 {
			t.Errorf("%d of one /24 judged", judged)
		}
		if err := from(b, "198.51.101.1", "anna", "right"); err != nil {
			t.Errorf("the next /24: %v", err)
		}
	})
}

// Many guesses of one address that stand in line together are no way around it.
func TestParallelGuessesOfOneAddress(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		together(100, func(i int) error {
			_, _, err := b.try(t, fmt.Sprint("nobody", i), "x")
			return err
		})
		if got := b.hasher.hashes(); got < 20 || got > 22 {
			t.Errorf("%d guesses judged, want 20", got)
		}
	})
}

func TestGoodLoginsTakeNothingFromTheAddress(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		for i := range 100 {
			name := "user" + strings.Repeat("x", i)
			b.store.set(user(name))
			if _, _, err := b.try(t, name, "right"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestBucketsAreBounded(t *testing.T) {
	t.Parallel()
	b := newBuckets(20, 200)
	b.addresses.size = 100
	now := time.Unix(1000, 0)
	for i := range 1000 {
		b.take(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), now)
	}
	if n := len(b.addresses.current) + len(b.addresses.previous); n > 200 {
		t.Errorf("%d addresses remembered", n)
	}
	if b.check(netip.Addr{}, now) != 0 {
		t.Error("no address is bounded")
	}
	a := netip.MustParseAddr("::ffff:192.0.2.7")
	for range 20 {
		b.take(netip.MustParseAddr("192.0.2.7"), now)
	}
	if got := b.check(a, now); got != 3*time.Second {
		t.Errorf("the mapped address waits %v", got)
	}
	if got := b.check(a, now.Add(3*time.Second)); got != 0 {
		t.Errorf("three seconds later %v", got)
	}
}

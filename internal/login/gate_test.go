package login

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// line is a gate in a bubble whose comers are named and whose order of entry is
// recorded.
type line struct {
	*gate
	mu      sync.Mutex
	entered []string
	refused []string
}

func newLine(most int) *line {
	return &line{gate: newGate(1, func() (int, time.Duration) { return most, 20 * time.Millisecond })}
}

// come starts a comer and returns when it stands in line, is in, or refused.
func (l *line) come(ctx context.Context, name string, address byte) {
	from := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, address}), 32)
	go func() {
		err := l.enter(ctx, from)
		l.mu.Lock()
		defer l.mu.Unlock()
		if err != nil {
			l.refused = append(l.refused, name)
			return
		}
		l.entered = append(l.entered, name)
	}()
	synctest.Wait()
}

func (l *line) leaveAll(n int) {
	for range n {
		l.leave()
		synctest.Wait()
	}
}

func TestLineIsFirstInFirstOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine(8)
		for i, name := range []string{"a", "b", "c", "d"} {
			l.come(t.Context(), name, byte(i))
		}
		l.leaveAll(4)
		if !slices.Equal(l.entered, []string{"a", "b", "c", "d"}) {
			t.Errorf("%v", l.entered)
		}
		if l.free != 1 || len(l.counts) != 0 {
			t.Errorf("%d free, %v", l.free, l.counts)
		}
	})
}

func TestOneAddressAloneMayFillTheLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine(8)
		for i := range 10 {
			l.come(t.Context(), fmt.Sprint(i), 1)
		}
		if len(l.refused) != 1 || l.refused[0] != "9" {
			t.Errorf("refused %v", l.refused)
		}
		l.leaveAll(9)
	})
}

func TestOneAddressHasAQuarterBesideOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine(8)
		l.come(t.Context(), "in", 9)
		l.come(t.Context(), "other", 2)
		for i := range 5 {
			l.come(t.Context(), fmt.Sprint(i), 1)
		}
		if !slices.Equal(l.refused, []string{"2", "3", "4"}) {
			t.Errorf("refused %v", l.refused)
		}
		l.leaveAll(4)
	})
}

func TestNewcomerFindsRoomInAFullLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine(8)
		for i := range 9 {
			l.come(t.Context(), fmt.Sprint(i), 1)
		}
		l.come(t.Context(), "newcomer", 2)
		if !slices.Equal(l.refused, []string{"8"}) {
			t.Errorf("refused %v, want the newest of the heaviest address", l.refused)
		}
		l.come(t.Context(), "more of the heavy one", 1)
		if len(l.refused) != 2 {
			t.Errorf("refused %v", l.refused)
		}
		l.leaveAll(9)
		if l.entered[len(l.entered)-1] != "newcomer" {
			t.Errorf("entered %v", l.entered)
		}
	})
}

func TestFullLineOfManyAddressesRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine(8)
		for i := range 9 {
			l.come(t.Context(), fmt.Sprint(i), byte(i))
		}
		l.come(t.Context(), "late", 100)
		if !slices.Equal(l.refused, []string{"late"}) {
			t.Errorf("refused %v", l.refused)
		}
		l.leaveAll(9)
	})
}

func TestLeavingTheLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine(8)
		l.come(t.Context(), "in", 1)
		ctx, cancel := context.WithCancel(t.Context())
		l.come(ctx, "goes", 1)
		l.come(t.Context(), "stays", 2)
		cancel()
		synctest.Wait()
		l.leave()
		synctest.Wait()
		if !slices.Equal(l.entered, []string{"in", "stays"}) || l.waiting() != 0 {
			t.Errorf("entered %v, %d wait", l.entered, l.waiting())
		}
		l.leave()
		if l.free != 1 || len(l.counts) != 0 {
			t.Errorf("%d free, %v", l.free, l.counts)
		}
	})
}

// Places are neither lost nor doubled when turns and departures cross.
func TestNoPlaceIsLost(t *testing.T) {
	t.Parallel()
	g := newGate(3, func() (int, time.Duration) { return 1000, time.Millisecond })
	var wg sync.WaitGroup
	for i := range 500 {
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			if g.enter(ctx, netip.Prefix{}) == nil {
				g.leave()
			}
		})
		if i%3 == 0 {
			wg.Go(cancel)
		} else {
			t.Cleanup(cancel)
		}
	}
	wg.Wait()
	if g.free != 3 || g.line.Len() != 0 || len(g.counts) != 0 {
		t.Errorf("%d free, %d in line, %v", g.free, g.line.Len(), g.counts)
	}
}

func TestRetryAfterIsTheWorkInLine(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		waiting int
		each    time.Duration
		want    int
	}{{0, time.Second, 1}, {10, 20 * time.Millisecond, 1}, {100, 20 * time.Millisecond, 2}, {128, 300 * time.Millisecond, 39}} {
		if got := retryAfter(tc.waiting, tc.each).RetryAfter; got != tc.want {
			t.Errorf("%d of %v: %d s, want %d", tc.waiting, tc.each, got, tc.want)
		}
	}
}

package main

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func normal(r *rand.Rand, n int, mean time.Duration) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = mean + time.Duration(r.NormFloat64()*float64(100*time.Microsecond))
	}
	return out
}

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   []time.Duration
		want time.Duration
	}{{nil, 0}, {[]time.Duration{3}, 3}, {[]time.Duration{4, 2}, 3}, {[]time.Duration{9, 1, 5}, 5}} {
		if got := median(c.in); got != c.want {
			t.Errorf("%v: %v", c.in, got)
		}
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, c := range []struct {
		a, reference time.Duration
		want         bool
	}{
		{25 * ms, 25 * ms, true}, {25*ms + 200*time.Microsecond, 25 * ms, true}, {25*ms + 201*time.Microsecond, 25 * ms, false},
		{10*ms + 101*time.Microsecond, 10 * ms, false}, {100*ms + 300*time.Microsecond, 100 * ms, false}, {400 * time.Microsecond, 300 * time.Microsecond, true},
	} {
		if got := within(c.a, c.reference, 1); got != c.want {
			t.Errorf("%v against %v: %v", c.a, c.reference, got)
		}
	}
}

// The test of two samples of one distribution seldom rejects; that of two
// distributions half a deviation apart nearly always does.
func TestKolmogorovSmirnov(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	same, other := 0, 0
	for range 200 {
		a := normal(r, 300, time.Millisecond)
		if _, p := kolmogorovSmirnov(a, normal(r, 300, time.Millisecond)); p < 0.05 {
			same++
		}
		if _, p := kolmogorovSmirnov(a, normal(r, 300, time.Millisecond+50*time.Microsecond)); p < 0.05 {
			other++
		}
	}
	if same > 24 || other < 180 {
		t.Errorf("%d of 200 equal ones rejected, %d of 200 different ones", same, other)
	}
	if d, p := kolmogorovSmirnov([]time.Duration{1, 2, 3}, []time.Duration{1, 2, 3}); d != 0 || math.Abs(p-1) > 0.01 {
		t.Errorf("equal samples: %v, %v", d, p)
	}
}

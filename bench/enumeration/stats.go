package main

import (
	"math"
	"slices"
	"time"
)

// The bounds of the difference of two medians.
const (
	boundShare = 0.01
	boundTime  = 200 * time.Microsecond
)

func median(samples []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(samples))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// within says whether the medians of a and its reference differ by no more than
// the bounds, multiplied by slack. What is answered in less than a millisecond,
// without a hash, is held to the time alone.
func within(a, reference time.Duration, slack float64) bool {
	d := (a - reference).Abs()
	if float64(d) > slack*float64(boundTime) {
		return false
	}
	return reference < time.Millisecond || float64(d) <= slack*boundShare*float64(reference)
}

// kolmogorovSmirnov is the largest distance of the two distributions and the
// probability of one as large between samples of one distribution (the
// asymptotic form, good from some forty samples on).
func kolmogorovSmirnov(a, b []time.Duration) (d, p float64) {
	x, y := slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	i, j := 0, 0
	for i < len(x) && j < len(y) {
		at := min(x[i], y[j])
		for i < len(x) && x[i] == at {
			i++
		}
		for j < len(y) && y[j] == at {
			j++
		}
		d = max(d, math.Abs(float64(i)/float64(len(x))-float64(j)/float64(len(y))))
	}
	n := math.Sqrt(float64(len(x)) * float64(len(y)) / float64(len(x)+len(y)))
	lambda := (n + 0.12 + 0.11/n) * d
	if lambda < 0.2 { // where the series does not converge, p is 1 to many digits
		return d, 1
	}
	sign := 1.0
	for k := 1; k <= 100; k++ {
		p += sign * 2 * math.Exp(-2*lambda*lambda*float64(k*k))
		sign = -sign
	}
	return d, min(1, max(0, p))
}

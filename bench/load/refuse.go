package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// refuse measures how long a body of more than 64 KiB, and one of more than a
// hundred parameters, take to be refused: on a fresh connection each, from the
// first byte sent to the last byte read.
func refuse(_ context.Context, b *bench, _ time.Duration) (result, error) {
	path := rig.TokenPath("platform")
	var worst time.Duration
	for _, q := range []struct {
		form   string
		status int
	}{
		{"grant_type=password&x=" + strings.Repeat("a", 64<<10), 413},
		{"grant_type=password" + strings.Repeat("&a=b", 200), 400},
	} {
		var took []time.Duration
		for range 200 {
			d, err := once(b.usher.Address, rig.Request{Method: "POST", Path: path, Form: q.form}, q.status)
			if err != nil {
				return result{}, err
			}
			took = append(took, d)
		}
		slices.Sort(took)
		worst = max(worst, took[len(took)/2])
	}
	r := result{limit: 1, usher: float64(worst.Microseconds()) / 1000, note: "ms, the slower of both medians"}
	if r.usher > 1/b.slack {
		r.broken = "above 1 ms"
	}
	return r, nil
}

func once(address string, q rig.Request, want int) (time.Duration, error) {
	c, err := rig.Dial(address)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	begun := time.Now()
	status, body, err := c.Do(q)
	if err == nil && status != want {
		err = fmt.Errorf("status %d, want %d: %.200s", status, want, body)
	}
	return time.Since(begun), err
}

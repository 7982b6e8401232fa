package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"github.com/seed-a6a28e10/usher/bench/rig"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
)

type plan struct {
	seconds, sessions int
	slack             float64
	binary            string
	rows              []string
}

func (p plan) wants(name string) bool {
	return slices.Contains(p.rows, "all") || slices.Contains(p.rows, name)
}

// bench is what the measurements share.
type bench struct {
	usher, limit *rig.Server
	key          *rsa.PrivateKey
	users        int
	fresh        atomic.Int64 // the next user that never logged in
	slack        float64
}

// run makes the servers, takes every wanted measurement and prints the table.
// It returns how many bounds did not hold.
func run(ctx context.Context, p plan) (int, error) {
	dir, err := os.MkdirTemp("", "usher-load-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if p.binary == "" {
		if p.binary, err = rig.Build(ctx, dir); err != nil {
			return 0, err
		}
	}
	b, err := start(ctx, p, dir)
	if err != nil {
		return 0, err
	}
	defer b.stop()
	fmt.Printf("%d cores, %s; %d s per line; slices of limit and usher alternate\n\n", runtime.NumCPU(), runtime.Version(), p.seconds)
	fmt.Printf("%-24s %12s %12s %7s %7s  %s\n", "measurement", "limit", "usher", "ratio", "bound", "")
	failed, done := 0, 0
	for _, m := range append(measurements(), lives(p)...) {
		if !p.wants(m.name) {
			continue
		}
		n, err := m.take(ctx, b, p)
		if err != nil {
			return failed, fmt.Errorf("%s: %w", m.name, err)
		}
		done++
		failed += n
	}
	fmt.Printf("\nload: %d measurements, %d bounds not held\n", done, failed)
	return failed, nil
}

// start brings up the limit and an Usher with enough users that never logged in.
func start(ctx context.Context, p plan, dir string) (*bench, error) {
	b := &bench{users: 2000 + 1000*p.seconds, slack: p.slack}
	var err error
	if b.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	b.fresh.Store(1000) // the first thousand are for the repeated logins
	file := filepath.Join(dir, "realms.json")
	if err := rig.WriteRealms(file, b.users, b.key); err != nil {
		return nil, err
	}
	if b.limit, err = startLimit(ctx); err != nil {
		return nil, err
	}
	if b.usher, err = rig.StartUsher(ctx, p.binary, rig.Options{Dir: dir, RealmFile: file}); err != nil {
		b.limit.Kill()
		return nil, err
	}
	return b, nil
}

func (b *bench) stop() {
	b.limit.Kill()
	b.usher.Kill()
}

// lives are the measurements that start servers of their own.
func lives(p plan) []measurement {
	rows := []measurement{{name: "start", life: startRow}, {name: "memory", life: memoryRow}}
	if p.sessions > 0 {
		rows = append(rows, measurement{name: "sessions", life: sessionsRow})
	}
	return rows
}

// take takes one measurement and tells how many of its bounds do not hold.
func (m measurement) take(ctx context.Context, b *bench, p plan) (int, error) {
	if m.life != nil {
		return m.life(ctx, p)
	}
	r, err := m.run(ctx, b, time.Duration(p.seconds)*time.Second)
	if err != nil {
		return 0, err
	}
	return report(m, r, p.slack), nil
}

func report(m measurement, r result, slack float64) int {
	verdict, failed := "", 0
	if r.broken == "" && m.bound > 0 && r.ratio < m.bound*slack {
		r.broken = "below the bound"
	}
	if r.broken != "" {
		verdict, failed = "NOT HELD: "+r.broken+" ", 1
	}
	ratio, bound := "", ""
	if r.ratio > 0 {
		ratio = fmt.Sprintf("%.2f", r.ratio)
	}
	if m.bound > 0 {
		bound = fmt.Sprintf("%.2f", m.bound)
	}
	fmt.Printf("%-24s %12.1f %12.1f %7s %7s  %s%s; %s\n", m.name, r.limit, r.usher, ratio, bound, verdict, m.what, r.note)
	return failed
}

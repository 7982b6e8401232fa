package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/seed-a6a28e10/usher/bench/rig"
	"github.com/seed-a6a28e10/usher/bench/sessions"
)

// startRow measures process start to first token, with a fresh folder (realm
// file of one user, key made by the server) and with the same folder again.
func startRow(ctx context.Context, p plan) (int, error) {
	var fresh, existing []time.Duration
	for range 7 {
		if err := func() error {
			dir, file, err := smallFolder()
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			for _, into := range []*[]time.Duration{&fresh, &existing} {
				took, err := firstToken(ctx, p.binary, dir, file)
				if err != nil {
					return err
				}
				*into = append(*into, took)
			}
			return nil
		}(); err != nil {
			return 0, err
		}
	}
	failed := boundedBy("start-existing", "ms from process start to first token, existing folder, median of 7", ms(fresh, existing, 1), 100/p.slack)
	failed += boundedBy("start-fresh", "ms from process start to first token, fresh folder, median of 7", ms(fresh, existing, 0), 250/p.slack)
	return failed, nil
}

const smallRealm = `{"realm":"platform","enabled":true,"clients":[{"clientId":"anonymous","publicClient":true,"directAccessGrantsEnabled":true}],` +
	`"users":[{"username":"user000000","enabled":true,"email":"user@example.org","firstName":"Given","lastName":"Family","credentials":[{"type":"password","value":"` + rig.Password + `"}]}]}`

// smallFolder makes a folder with a realm file of one user; the caller removes it.
func smallFolder() (dir, file string, err error) {
	if dir, err = os.MkdirTemp("", "usher-load-"); err != nil {
		return "", "", err
	}
	file = filepath.Join(dir, "realm.json")
	return dir, file, os.WriteFile(file, []byte(smallRealm), 0o600)
}

func ms(fresh, existing []time.Duration, which int) float64 {
	v := [][]time.Duration{fresh, existing}[which]
	s := slices.Sorted(slices.Values(v))
	return float64(s[len(s)/2].Microseconds()) / 1000
}

func firstToken(ctx context.Context, binary, dir, file string) (time.Duration, error) {
	begun := time.Now()
	s, err := rig.StartUsher(ctx, binary, rig.Options{Dir: dir, RealmFile: file})
	if err != nil {
		return 0, err
	}
	defer s.Kill()
	if _, _, err := ask(s.Address, rig.PasswordGrant("platform", rig.UserName(0))); err != nil {
		return 0, err
	}
	took := time.Since(begun)
	return took, s.Stop()
}

func boundedBy(name, what string, value, bound float64) int {
	verdict, failed := "", 0
	if value > bound {
		verdict, failed = "NOT HELD: above the bound ", 1
	}
	fmt.Printf("%-24s %12s %12.1f %7s %7.0f  %s%s\n", name, "", value, "", bound, verdict, what)
	return failed
}

// memoryRow measures the resident memory of a server that logged one person in.
func memoryRow(ctx context.Context, p plan) (int, error) {
	dir, file, err := smallFolder()
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if _, err := firstToken(ctx, p.binary, dir, file); err != nil {
		return 0, err
	}
	s, err := rig.StartUsher(ctx, p.binary, rig.Options{Dir: dir, RealmFile: file})
	if err != nil {
		return 0, err
	}
	defer s.Kill()
	if _, _, err := ask(s.Address, rig.PasswordGrant("platform", rig.UserName(0))); err != nil {
		return 0, err
	}
	mib, err := s.Memory()
	if err != nil {
		return 0, err
	}
	return boundedBy("memory-idle", "MiB resident after a start and one login", mib, 40/p.slack), nil
}

// sessionsRow compares the refresh latency of a server with 1,000 live sessions
// and one with many, slices of both in turn, and looks at the memory of the latter.
func sessionsRow(ctx context.Context, p plan) (int, error) {
	few, dropFew, err := populated(ctx, p.binary, 1000)
	if err != nil {
		return 0, err
	}
	defer dropFew()
	many, dropMany, err := populated(ctx, p.binary, p.sessions)
	if err != nil {
		return 0, err
	}
	defer dropMany()
	median := func(s *rig.Server) (func(time.Duration) (float64, error), error) {
		j, err := holders(s.Address, "es-rotating")
		return func(slice time.Duration) (float64, error) {
			t, err := closedLoop(ctx, s.Address, 4, slice, j)
			return t.quantile(0.5).Seconds() * 1e6, err
		}, err
	}
	a, err := median(few)
	if err != nil {
		return 0, err
	}
	b, err := median(many)
	if err != nil {
		return 0, err
	}
	r, err := alternate(time.Duration(p.seconds)*time.Second, a, b)
	if err != nil {
		return 0, err
	}
	failed := boundedBy("sessions-latency", fmt.Sprintf("times the refresh latency (ES256, rotating, median %.0f µs) with %d sessions against 1,000 (%.0f µs)", r.usher, p.sessions, r.limit), r.ratio, 1.2/p.slack)
	mib, err := many.Memory()
	if err != nil {
		return failed, err
	}
	return failed + boundedBy("sessions-memory", fmt.Sprintf("MiB resident with %d live sessions", p.sessions), mib, 1024/p.slack), nil
}

// populated starts a server whose store already holds n live sessions.
func populated(ctx context.Context, binary string, n int) (*rig.Server, func(), error) {
	dir, err := os.MkdirTemp("", "usher-sessions-")
	if err != nil {
		return nil, nil, err
	}
	drop := func() { os.RemoveAll(dir) }
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, drop, err
	}
	file := filepath.Join(dir, "realms.json")
	if err := rig.WriteRealms(file, 100, key); err != nil {
		return nil, drop, err
	}
	s, err := rig.StartUsher(ctx, binary, rig.Options{Dir: dir, RealmFile: file})
	if err != nil {
		return nil, drop, err
	}
	if err := s.Stop(); err != nil {
		return nil, drop, err
	}
	if err := sessions.Fill(ctx, filepath.Join(dir, "data"), "es-rotating", n); err != nil {
		return nil, drop, err
	}
	s, err = rig.StartUsher(ctx, binary, rig.Options{Dir: dir, RealmFile: file})
	return s, func() { s.Kill(); drop() }, err
}

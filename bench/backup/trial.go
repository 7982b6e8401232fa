package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/seed-a6a28e10/usher/bench/rig"
	"github.com/seed-a6a28e10/usher/bench/sessions"
)

// realm is the one whose people refresh: its tokens rotate, so that every
// refresh is a durable write.
const realm = "es-rotating"

// What is promised.
const (
	slower     = 1.5              // times the p99 without a backup
	restoredIn = 60 * time.Second // of 1,000,000 sessions
)

// trial is one run.
type trial struct {
	plan
	dir    string // of the server that is copied
	file   string // the newest backup
	server *rig.Server
	o      rig.Options
	broken int
}

func run(ctx context.Context, p plan) (broken int, err error) {
	dir, err := os.MkdirTemp("", "usher-backup-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	t := &trial{plan: p, dir: filepath.Join(dir, "here")}
	if err := os.Mkdir(t.dir, 0o700); err != nil {
		return 0, err
	}
	if p.binary == "" {
		if t.binary, err = rig.Build(ctx, dir); err != nil {
			return 0, err
		}
	}
	if err := t.populate(ctx); err != nil {
		return 0, err
	}
	defer func() { t.server.Kill() }()
	if err := t.underLoad(ctx); err != nil {
		return t.broken, err
	}
	if err := t.verify(ctx); err != nil {
		return t.broken, err
	}
	return t.broken, t.bringBack(ctx)
}

// populate starts a server whose store holds many sessions.
func (t *trial) populate(ctx context.Context) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	t.o = rig.Options{Dir: t.dir, RealmFile: filepath.Join(t.dir, "realms.json")}
	if err := rig.WriteRealms(t.o.RealmFile, 100, key); err != nil {
		return err
	}
	if t.o.Address, err = rig.FreeAddress(); err != nil { // the restored server has the same
		return err
	}
	if t.server, err = rig.StartUsher(ctx, t.binary, t.o); err != nil {
		return err
	}
	if err := t.server.Stop(); err != nil {
		return err
	}
	if err := sessions.Fill(ctx, t.data(), realm, t.sessions); err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(t.data(), "usher.db"))
	if err != nil {
		return err
	}
	fmt.Printf("  the database has %.1f MiB, %d bytes a session\n", mib(info.Size()), info.Size()/int64(max(1, t.sessions)))
	t.server, err = rig.StartUsher(ctx, t.binary, t.o)
	return err
}

func (t *trial) data() string { return filepath.Join(t.dir, "data") }

// underLoad alternates slices without a backup and with one, and compares what
// the refreshes felt in neighbours: the machine may be busy with other things
// in some of them.
func (t *trial) underLoad(ctx context.Context) error {
	load, err := newLoad(t.server.Address, t.rate)
	if err != nil {
		return err
	}
	defer load.close()
	var made copies
	var quiets, busies []time.Duration
	var ratios []float64
	asked, refused := 0, 0
	for range t.rounds {
		quiet, err := load.during(func() error { return sleep(ctx, t.seconds) })
		if err != nil {
			return err
		}
		busy, err := load.during(func() error { return t.backups(ctx, &made) })
		if err != nil {
			return err
		}
		quiets, busies = append(quiets, quiet.p99()), append(busies, busy.p99())
		ratios = append(ratios, busy.p99().Seconds()/quiet.p99().Seconds())
		asked, refused = asked+len(quiet.took)+len(busy.took), refused+quiet.refused+busy.refused
	}
	ratio := median(ratios)
	fmt.Printf("  %d backups, each made in %s\n", made.n, (made.took / time.Duration(made.n)).Round(10*time.Millisecond))
	t.held(ratio <= slower/t.slack, "p99 of %d refreshes a second: %s, while a backup is made %s: %.2f times, medians of %d slices (bound %.2f)",
		t.rate, short(median(quiets)), short(median(busies)), ratio, t.rounds, slower/t.slack)
	t.held(refused == 0, "%d of %d refreshes refused", refused, asked)
	return nil
}

// copies counts backups, and the time they took.
type copies struct {
	n    int
	took time.Duration
}

// backups makes one after another for the length of a slice, and at least one.
func (t *trial) backups(ctx context.Context, made *copies) error {
	for begun := time.Now(); time.Since(begun) < t.seconds; made.n++ {
		if t.file != "" {
			if err := os.Remove(t.file); err != nil {
				return err
			}
		}
		t.file = filepath.Join(t.dir, fmt.Sprintf("backup-%d.tar", made.n))
		one := time.Now()
		if err := t.usher(ctx, "backup", t.file, "--data", t.data(), "--master-key-file", t.key()); err != nil {
			return err
		}
		made.took += time.Since(one)
	}
	return nil
}

func median[T cmp.Ordered](v []T) T { return slices.Sorted(slices.Values(v))[len(v)/2] }

func (t *trial) key() string { return filepath.Join(t.dir, "master.key") }

// verify looks at the newest backup, and that it is noticed when it is changed.
func (t *trial) verify(ctx context.Context) error {
	begun := time.Now()
	err := t.usher(ctx, "backup", "--verify", t.file, "--master-key-file", t.key())
	took := time.Since(begun)
	info, failed := os.Stat(t.file)
	if failed != nil {
		return failed
	}
	t.held(err == nil, "a backup of %.1f MiB verified in %s %v", mib(info.Size()), took.Round(10*time.Millisecond), orNothing(err))
	return nil
}

// usher runs the program and waits for its end.
func (t *trial) usher(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, t.binary, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("usher %s: %w\n%s", args[0], err, out)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func short(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

func orNothing(err error) any {
	if err == nil {
		return ""
	}
	return err
}

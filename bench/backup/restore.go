package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// holdings are tokens from before a backup, by what became of their sessions
// after it.
type holdings struct {
	kept, ended []*holder
}

// bringBack makes a last backup, ends sessions in every way that a client or an
// operator has, and restores: first as it is meant, then with the sessions, to
// see that the tokens would have been good.
func (t *trial) bringBack(ctx context.Context) error {
	var h holdings
	for i := range 4 * people {
		one, err := login(t.server.Address, i%100)
		if err != nil {
			return err
		}
		if i < people {
			h.kept = append(h.kept, one)
		} else {
			h.ended = append(h.ended, one)
		}
	}
	t.file = filepath.Join(t.dir, "last.tar")
	if err := t.usher(ctx, "backup", t.file, "--data", t.data(), "--master-key-file", t.key()); err != nil {
		return err
	}
	if err := t.end(ctx, h.ended); err != nil {
		return err
	}
	if err := t.server.Stop(); err != nil {
		return err
	}
	took, err := t.restored(ctx, "there", func() error { return t.nothingRevives(h) })
	if err != nil {
		return err
	}
	bound := time.Duration(float64(restoredIn) / t.slack)
	t.held(took <= bound, "restored in %s (bound %s)", took.Round(10*time.Millisecond), bound)
	_, err = t.restored(ctx, "with-sessions", func() error { return t.allRevive(h) }, "--keep-sessions")
	return err
}

// end ends each session, in one of three ways.
func (t *trial) end(ctx context.Context, held []*holder) error {
	base := "/auth/realms/" + realm + "/protocol/openid-connect/"
	for i, h := range held {
		var q rig.Request
		switch i % 3 {
		case 0:
			q = rig.Request{Method: "POST", Path: base + "logout", Form: url.Values{"client_id": {rig.Client}, "refresh_token": {h.refresh}}.Encode()}
		case 1:
			q = rig.Request{Method: "POST", Path: base + "revoke", Form: url.Values{"client_id": {rig.Client}, "token": {h.refresh}}.Encode()}
		default:
			if err := t.usher(ctx, "admin", "sessions", "end", h.session, "--realm", realm, "--data", t.data()); err != nil {
				return err
			}
			continue
		}
		if status, _, err := h.conn.Do(q); err != nil || status >= 300 {
			return fmt.Errorf("%s: status %d: %w", q.Path, status, orSaid(err))
		}
	}
	return nil
}

func orSaid(err error) error {
	if err == nil {
		return errors.New("not what was expected")
	}
	return err
}

func bearer(h *holder) rig.Request {
	return rig.Request{Method: "GET", Path: "/v1/vms", Authorization: h.access}
}

// restored brings the last backup back to a new folder, starts a server there
// and looks. It returns how long the restore took.
func (t *trial) restored(ctx context.Context, name string, look func() error, more ...string) (took time.Duration, err error) {
	o := t.o
	o.Dir = filepath.Join(filepath.Dir(t.dir), name)
	if err := os.Mkdir(o.Dir, 0o700); err != nil {
		return 0, err
	}
	begun := time.Now()
	args := append([]string{"restore", t.file, "--data", filepath.Join(o.Dir, "data"), "--master-key-file", t.key()}, more...)
	if err := t.usher(ctx, args...); err != nil {
		return 0, err
	}
	took = time.Since(begun)
	if t.server, err = rig.StartUsher(ctx, t.binary, o); err != nil {
		return took, err
	}
	return took, errors.Join(look(), t.server.Stop(), os.RemoveAll(o.Dir))
}

// nothingRevives shows every token to the restored server.
func (t *trial) nothingRevives(h holdings) error {
	good, err := t.good(append(append([]*holder{}, h.kept...), h.ended...))
	if err != nil {
		return err
	}
	t.held(good == 0, "%d of %d tokens from before are good after a restore", good, 2*(len(h.kept)+len(h.ended)))
	again, err := login(t.server.Address, 0)
	if err != nil {
		return err
	}
	defer again.conn.Close()
	status, _, err := again.conn.Do(bearer(again))
	t.held(err == nil && status == http.StatusOK, "a new login's token is answered %d", status)
	return err
}

// allRevive: with --keep-sessions the same tokens are good, also those of
// sessions that were ended. It shows that the look before would have found them.
func (t *trial) allRevive(h holdings) error {
	all := append(append([]*holder{}, h.kept...), h.ended...)
	good, err := t.good(all)
	t.held(good == 2*len(all), "%d of %d are good where the sessions are kept, as was asked for", good, 2*len(all))
	return err
}

// good counts the tokens that the server takes: two of each session.
func (t *trial) good(all []*holder) (n int, err error) {
	for _, h := range all {
		h.conn.Close()
		if h.conn, err = rig.Dial(t.server.Address); err != nil {
			return 0, err
		}
		for _, q := range []rig.Request{bearer(h), rig.RefreshGrant(realm, h.refresh)} {
			status, _, err := h.conn.Do(q)
			switch {
			case err != nil:
				return 0, err
			case status == http.StatusOK:
				n++
			case status >= 500:
				return 0, fmt.Errorf("%s: status %d", q.Path, status)
			}
		}
	}
	return n, nil
}

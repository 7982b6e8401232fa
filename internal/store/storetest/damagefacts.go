package storetest

import (
	"database/sql"
	"errors"
	"math"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// renumbered gives the feed's entry numbers that who reads the feed from its
// beginning could pass over.
func (d *damaged) renumbered(t *testing.T, db *sql.DB) {
	t.Helper()
	feed, err := d.Revocations(d.ctx, 0)
	ok(t, err)
	for _, seq := range []int64{0, -1, -feed[0].Seq, math.MinInt64, math.MaxInt64} {
		if !d.change(t, db, "revocation", "seq", seq) {
			t.Fatalf("no entry can be numbered %d", seq)
		}
		_, fromStart := d.Revocations(d.ctx, 0)
		_, asked := d.TokenRevoked(d.ctx, d.realm, damagedJTI)
		if !errors.Is(fromStart, iam.ErrDamaged) || !errors.Is(asked, iam.ErrDamaged) {
			t.Errorf("entry %d: the feed got %v, TokenRevoked %v", seq, fromStart, asked)
		}
	}
	d.change(t, db, "revocation", "seq", feed[0].Seq)
	d.whole(t)
}

// moved puts a session into another realm, or hides it or its user: nobody is
// told that it has ended.
func (d *damaged) moved(t *testing.T, db *sql.DB) {
	t.Helper()
	id, client, joined := d.login.Session.ID, d.login.ClientSession.ClientID, *d.login.Family
	joined.ID, joined.ClientID = d.s.id("family"), "another"
	facts := map[string]func(realm string) error{
		"EndSession": func(realm string) error { _, err := d.EndSession(d.ctx, realm, id, start, start, nil); return err },
		"EndClientSession": func(realm string) error {
			_, err := d.EndClientSession(d.ctx, realm, id, client, start, start, nil)
			return err
		},
		"JoinSession": func(realm string) error {
			f := joined
			f.RealmID = realm
			return d.JoinSession(d.ctx, iam.ClientSession{SessionID: id, ClientID: "another"}, f, nil)
		},
		"Family": func(realm string) error { _, err := d.Family(d.ctx, realm, d.login.Family.ID); return err },
	}
	asks := func(what, realm string, want error, names ...string) {
		t.Helper()
		for _, name := range names {
			if err := facts[name](realm); !errors.Is(err, want) || want == iam.ErrNotFound && errors.Is(err, iam.ErrDamaged) {
				t.Errorf("%s: %s got %v, want %v", what, name, err, want)
			}
		}
	}
	asks("of another realm", "elsewhere", iam.ErrNotFound, "EndSession", "EndClientSession", "JoinSession", "Family")
	for _, c := range []struct {
		table, column, was string
		names              []string
	}{
		{"user_session", "realm_id", d.realm, []string{"EndSession", "EndClientSession", "JoinSession", "Family"}},
		{"user_session", "id", id, []string{"Family"}},
		{"token_family", "realm_id", d.realm, []string{"Family"}},
	} {
		d.change(t, db, c.table, c.column, "elsewhere")
		asks(c.table+"."+c.column, d.realm, iam.ErrDamaged, c.names...)
		d.change(t, db, c.table, c.column, c.was)
		d.whole(t)
	}
	if _, err := db.ExecContext(d.ctx, `pragma foreign_keys = off; update users set id = 'hidden' where id = $1`, d.user.ID); err != nil {
		t.Fatal(err)
	}
	asks("a hidden user", d.realm, iam.ErrDamaged, "Family")
	d.change(t, db, "users", "id", d.user.ID)
	d.whole(t)
}

// testOldPassword puts a password back that was replaced since, as it was stored
// with its sum: the user's row has moved on, and it does not fit.
func testOldPassword(t *testing.T, s *suite, hand Hand) {
	const columns = "pw_id, pw_label, pw_created_at, pw_secret, pw_data, pw_sum"
	for name, fact := range map[string]func(*damaged) error{
		"ChangePassword": func(d *damaged) error {
			next := iam.Credential{ID: "next", Type: "password", SecretData: "next", CredentialData: "next"}
			_, err := d.ChangePassword(d.ctx, d.realm, d.user.ID, next, start, start, nil)
			return err
		},
		"SetUserEnabled": func(d *damaged) error {
			_, err := d.SetUserEnabled(d.ctx, d.realm, d.user.ID, false, start, start, nil)
			_, back := d.SetUserEnabled(d.ctx, d.realm, d.user.ID, true, start, start, nil)
			return errors.Join(err, back)
		},
		"MergeRealm": func(d *damaged) error {
			merge := d.Store.(merger)
			stored := d.now(t)
			changed := stored
			changed.Enabled = !stored.Enabled
			rows, err := d.LoadConfig(d.ctx)
			ok(t, err)
			realm, _ := find(rows, d.realm)
			ok(t, merge.StageUsers(d.ctx, "batch", d.realm, []iam.StagedUser{{User: changed, Replaces: &stored}}))
			_, err = merge.MergeRealm(d.ctx, iam.RealmMerge{Prev: &realm, Next: realm, Batch: "batch"}, nil, nil)
			return err
		},
	} {
		alone, _ := s.own(t) // its own: a user already disabled would not move on
		d := alone.furnished(t)
		db := hand(t, alone.shared)
		var was [6]any
		ok(t, db.QueryRowContext(d.ctx, "select "+columns+" from users").Scan(&was[0], &was[1], &was[2], &was[3], &was[4], &was[5]))
		ok(t, fact(d))
		now := d.now(t) // readable
		ok(t, d.UpgradePassword(d.ctx, d.user.ID, *now.Password, *now.Password))
		after := d.now(t)
		if after.Epoch != now.Epoch {
			t.Errorf("%s: UpgradePassword moved the epoch from %d to %d", name, now.Epoch, after.Epoch)
		}
		var is [6]any
		ok(t, db.QueryRowContext(d.ctx, "select "+columns+" from users").Scan(&is[0], &is[1], &is[2], &is[3], &is[4], &is[5]))
		put := func(v [6]any) {
			_, err := db.ExecContext(d.ctx, "update users set ("+columns+") = ($1, $2, $3, $4, $5, $6)", v[:]...)
			ok(t, err)
		}
		put(was)
		if _, err := d.User(d.ctx, d.realm, d.user.ID); !errors.Is(err, iam.ErrDamaged) {
			t.Errorf("%s: the password before it was taken: %v", name, err)
		}
		if err := d.UpgradePassword(d.ctx, d.user.ID, *now.Password, *now.Password); !errors.Is(err, iam.ErrDamaged) {
			t.Errorf("%s: the password before it was vouched for anew: %v", name, err)
		}
		put(is)
		d.now(t)
	}
}

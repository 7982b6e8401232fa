package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

// images is how many damaged databases are made, times USHER_TEST_SCALE.
const images = 100

// TestDamagedDatabases damages a database in many ways and asks everything of
// it. It is refused at its opening, or what is asked is answered as trouble, or
// as before; a damaged index may hide a row, which then is absent. Never is an
// answer another one, and a look at everything finds every image in which a row
// that decides is not what it was, or is hidden.
func TestDamagedDatabases(t *testing.T) {
	t.Parallel()
	n, scale := images, os.Getenv("USHER_TEST_SCALE")
	if scale != "" {
		factor, err := strconv.ParseFloat(scale, 64)
		if err != nil || factor <= 0 {
			t.Fatalf("USHER_TEST_SCALE=%q is not a positive number", scale)
		}
		n = max(1, int(factor*images))
	}
	ref := newReference(t)
	var sum tally
	for seed := range n {
		ref.try(t, uint64(seed), &sum)
	}
	if sum.lost > 0 {
		t.Errorf("%d images that answered otherwise or lost a row were not found by a look at everything", sum.lost)
	}
	t.Logf("%d images: %d refused at the opening, %d with reads answered as trouble, %d with rows hidden, %d answering as before; a look at everything found %d of %d that differ",
		n, sum.refused, sum.troubled, sum.hidden, sum.same, sum.found, sum.differ)
}

// tally counts images.
type tally struct{ refused, troubled, hidden, same, differ, found, lost int }

// reference is a database, what it answers, and what it holds.
type reference struct {
	file    []byte
	answers map[string]any
	content map[string]string
}

// pageSize is that of the file, in bytes.
const pageSize = 4096

func newReference(t *testing.T) *reference {
	t.Helper()
	db := open(t, Options{Dir: t.TempDir(), Now: referenceTime})
	in := referenceRealm()
	err := db.ImportRealm(t.Context(), in, referenceManagers())
	for i := range logins {
		l := newLogin(i)
		l.Family.Ring = []iam.Used{{JTI: fmt.Sprint("jti", i), FirstUsed: 7}}
		err = errors.Join(err, db.OpenLogin(t.Context(), l))
		if i%3 == 0 {
			_, revoked := db.RevokeToken(t.Context(), realm, fmt.Sprint("jti", i), 1<<50, nil)
			err = errors.Join(err, revoked, db.ReplaceFailures(t.Context(), realm, fmt.Sprint("key", i), iam.Failures{},
				iam.Failures{Count: i, LastAt: 1, LastTag: []byte("tag")}, nil))
		}
	}
	path := filepath.Join(t.TempDir(), File)
	if err := errors.Join(err, Backup(t.Context(), folder(db), path)); err != nil {
		t.Fatal(err)
	}
	ref := &reference{answers: map[string]any{}}
	if ref.file, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	again := ref.open(t, ref.file)
	for name, ask := range questions(again) {
		if ref.answers[name], err = ask(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	ref.content = content(again)
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	return ref
}

func referenceTime() time.Time { return time.UnixMilli(1_800_000_000_000) }

// open puts the file into a folder and opens it; nil when it is refused.
func (ref *reference) open(t *testing.T, file []byte) *DB {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o700), os.WriteFile(filepath.Join(dir, File), file, 0o600)); err != nil { // a folder
		t.Fatal(err)
	}
	db, err := Open(t.Context(), Options{Dir: dir, Now: referenceTime, Log: slog.New(slog.DiscardHandler), Readers: 1})
	if err != nil {
		return nil
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// try makes one image, asks it everything, and looks at everything.
func (ref *reference) try(t *testing.T, seed uint64, sum *tally) {
	t.Helper()
	file, how := damage(ref.file, rand.New(rand.NewPCG(seed, 5)))
	db := ref.open(t, file)
	if db == nil {
		sum.refused++
		return
	}
	defer db.Close()
	troubled, hidden := 0, 0
	for name, ask := range questions(db) {
		got, err := ask()
		switch {
		case errors.Is(err, iam.ErrUnavailable):
			troubled++
		case err == nil && cmp.Equal(got, ref.answers[name]):
		case errors.Is(err, iam.ErrNotFound), err == nil && part(ref.answers[name], got):
			hidden++
		default:
			t.Errorf("seed %d (%s): %s answers %v, %v instead of %v", seed, how, name, got, err, ref.answers[name])
		}
	}
	switch {
	case troubled > 0:
		sum.troubled++
	case hidden > 0:
		sum.hidden++
	default:
		sum.same++
	}
	found, err := db.Check(t.Context())
	isFound := err != nil || len(found.Damaged)+len(found.Broken) > 0
	if differs := hidden > 0 || troubled > 0 || !cmp.Equal(content(db), ref.content); !differs {
		return
	}
	sum.differ++
	if isFound {
		sum.found++
	} else {
		sum.lost++
		t.Errorf("seed %d (%s): not found", seed, how)
	}
}

// damage changes a copy of a file and says how.
func damage(file []byte, r *rand.Rand) (out []byte, how string) {
	out = slices.Clone(file)
	switch kind := r.IntN(20); {
	case kind < 12:
		bits := 1 + r.IntN(64)
		for range bits {
			bit := r.IntN(8 * len(out))
			out[bit/8] ^= 1 << (bit % 8)
		}
		return out, fmt.Sprintf("%d bits", bits)
	case kind < 15:
		n := r.IntN(len(out))
		return out[:n], fmt.Sprintf("cut to %d bytes", n)
	case kind < 19:
		page := r.IntN(len(out) / pageSize)
		clear(out[page*pageSize : (page+1)*pageSize])
		return out, fmt.Sprintf("page %d of zeros", page+1)
	default:
		binary.BigEndian.PutUint32(out[60:], 2+r.Uint32N(1000)) // user_version
		return out, "another version"
	}
}

// content is what the columns that decide hold, by table: a text that differs
// when they do.
func content(db *DB) map[string]string {
	out := map[string]string{}
	for table, columns := range map[string]string{
		"realm": "*", "client": "*", "signing_key": "*", "users": "*", "video_manager": "*", "vm_member": "*",
		"user_session":   "id, realm_id, user_id, started_at, last_refresh, remember_me, offline, address, method, dead_at",
		"client_session": "session_id, client_id, started_at",
		"token_family": `id, realm_id, session_id, client_id, user_id, scope, rotating, window_ms, max_reuse, recovery, rev, gen, salt,
			key_id, issued_at, expires_at, parent_jti, ring, superseded, reused, confirmed, revoked_at, revoke_reason, dead_at`,
		"login_failure": "realm_id, name_key, failures, last_at, wait_until, lockouts, locked, last_tag, reservations, rev",
		"revocation":    "seq, realm_id, kind, entity_id, issued_before, until_at",
	} {
		out[table] = table + ": " + dump(db, "select "+columns+" from "+table)
	}
	return out
}

func dump(db *DB, query string) string {
	c, err := db.engine.file.open(context.Background(), reading)
	if err != nil {
		return err.Error()
	}
	defer c.close()
	rows, err := c.query(query)
	if err != nil {
		return err.Error()
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err.Error()
	}
	var all []string
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range into {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err.Error()
		}
		all = append(all, fmt.Sprintf("%#v", values))
	}
	slices.Sort(all)
	return fmt.Sprint(all, rows.Err())
}

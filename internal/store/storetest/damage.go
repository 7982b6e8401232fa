package storetest

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// Hand opens the database of a store to change it behind the store's back.
type Hand func(t testing.TB, s Store) *sql.DB

// unsummed are the columns that decide nothing a caller is told.
var unsummed = []string{"user_session.sweep_at", "token_family.sweep_at", "login_failure.sweep_at",
	"client_session.family_id"}

// names are columns by which a row is found: who looks for what it was does not
// find it, who looks for what it is now finds it damaged.
var names = []string{"users.id", "users.username", "users.email", "users.realm_id",
	"client_session.session_id", "client_session.client_id", "token_family.id",
	"login_failure.realm_id", "login_failure.name_key", "revocation.realm_id", "revocation.kind", "revocation.entity_id",
	"video_manager.realm_id", "video_manager.id", "vm_member.user_id", "vm_member.realm_id", "vm_member.vm_id"}

// testDamage changes every column of every table with sums, in a store with one
// row in each: every read that the column decides says that the row is damaged,
// none says anything else, and a look at all rows finds it.
func testDamage(t *testing.T, s *suite, hand Hand) {
	alone, _ := s.own(t)
	d := alone.furnished(t)
	db := hand(t, alone.shared)
	d.whole(t)
	for table, reads := range d.reads() {
		columns, values := d.row(t, db, table)
		for i, column := range columns {
			name := table + "." + column
			for _, value := range others(values[i]) {
				changed := d.change(t, db, table, column, value)
				if !changed { // refused by the schema
					continue
				}
				d.found(t, table, column, reads)
				if read := d.byNow(name, value); read != nil && !errors.Is(read(), iam.ErrDamaged) {
					t.Errorf("%s = %v: looked for as that, got %v", name, value, read())
				}
				if !d.change(t, db, table, column, values[i]) {
					t.Fatalf("%s cannot be changed back", name)
				}
			}
		}
		d.whole(t)
	}
	d.renumbered(t, db)
	d.moved(t, db)
	d.unswept(t, db)
}

// unswept makes rows look as if they were long dead, and checks that they stay.
func (d *damaged) unswept(t *testing.T, db *sql.DB) {
	t.Helper()
	for table, dead := range map[string]string{
		"user_session": "dead_at = 1, sweep_at = 1", "token_family": "dead_at = 1, sweep_at = 1",
		"revocation": "until_at = 1", "login_failure": "last_at = 1, sweep_at = 1",
	} {
		_, err := db.ExecContext(d.ctx, "update "+table+" set "+dead)
		ok(t, err)
		for range 2 {
			n, err := d.Sweep(d.ctx, start+500, 100)
			ok(t, err)
			if n != 0 {
				t.Errorf("%s: %d damaged rows were swept", table, n)
			}
		}
		d.row(t, db, table)
	}
	// A sweeper that is told a wrong time looks, and comes again.
	for range 2 {
		_, err := db.ExecContext(d.ctx, "update login_failure set last_at = $1, sweep_at = 1", start)
		ok(t, err)
		n, err := d.Sweep(d.ctx, start+500, 100)
		if err != nil || n != 0 {
			t.Errorf("a failure row in force: %d swept, %v", n, err)
		}
	}
}

// damaged is a world with a row in each table.
type damaged struct {
	*world
	login iam.Login
}

// The failure row's key and the refused token's id.
const (
	damagedKey = "key"
	damagedJTI = "jti"
)

func (s *suite) furnished(t testing.TB) *damaged {
	t.Helper()
	w := &world{Store: s.shared, s: s, ctx: t.Context(), realm: s.id("realm"), client: s.id("client")}
	w.user = s.person("anna")
	w.user.Email, w.user.RealmRoles, w.user.Password.Label = "anna@example.org", []string{"user"}, "label"
	in := iam.RealmImport{
		Realm:   iam.Realm{ID: w.realm, Name: w.realm, Enabled: true},
		Clients: []iam.Client{{ID: w.client, ClientID: "app", Enabled: true}},
		Keys:    []iam.Key{{ID: s.id("key"), KID: s.id("kid"), Algorithm: "HS512", Status: iam.KeyActive, Sealed: []byte("sealed")}},
		Users:   []iam.User{w.user},
	}
	managers := []vms.Membership{{Members: []string{w.user.ID},
		VideoManager: vms.VideoManager{ID: 7, Name: "One", UUID: "uuid", RealmID: w.realm, Configuration: []byte(`{"a":1}`)}}}
	ok(t, w.ImportRealm(w.ctx, in, managers))
	w.user.RealmID, w.user.Epoch = w.realm, 1
	l := w.login()
	l.Family.Ring = []iam.Used{{JTI: "used", FirstUsed: start}}
	l.Family.ParentJTI, l.Family.RevokeReason = "parent", ""
	ok(t, w.OpenLogin(w.ctx, l))
	ok(t, w.ReplaceFailures(w.ctx, w.realm, damagedKey, iam.Failures{},
		iam.Failures{Count: 3, LastAt: start, LastTag: []byte{1}, Reservations: []iam.Reservation{{ID: "r", At: start}}}, nil))
	_, err := w.RevokeToken(w.ctx, w.realm, damagedJTI, start+1000, nil)
	ok(t, err)
	return &damaged{world: w, login: l}
}

// reads are the questions that the rows of a table decide. Each says whether it
// was answered, and with what error.
func (d *damaged) reads() map[string]map[string]func() error {
	config := func() error {
		rows, err := d.LoadConfig(d.ctx)
		return errors.Join(err, rows.Whole())
	}
	family := func() error { _, err := d.Family(d.ctx, d.realm, d.login.Family.ID); return err }
	managers := func() error { _, err := d.VideoManagers(d.ctx, d.realm); return err }
	member := func() error { _, err := d.VideoManagersOf(d.ctx, d.realm, d.user.ID); return err }
	return map[string]map[string]func() error{
		"realm": {"LoadConfig": config}, "client": {"LoadConfig": config}, "signing_key": {"LoadConfig": config},
		"users": {
			"User":        func() error { _, err := d.User(d.ctx, d.realm, d.user.ID); return err },
			"UserByName":  func() error { _, err := d.UserByName(d.ctx, d.realm, d.user.Username); return err },
			"UserByEmail": func() error { _, err := d.UserByEmail(d.ctx, d.realm, d.user.Email); return err },
			"Users":       func() error { _, err := d.Users(d.ctx, d.realm, "", 10); return err },
			"Family":      family,
		},
		"user_session": {"Family": family}, "client_session": {"Family": family},
		"token_family":  {"Family": family},
		"login_failure": {"Failures": func() error { _, _, err := d.Failures(d.ctx, d.realm, damagedKey); return err }},
		"revocation": {
			"TokenRevoked": func() error { _, err := d.TokenRevoked(d.ctx, d.realm, damagedJTI); return err },
			"Revocations":  func() error { _, err := d.Revocations(d.ctx, 0); return err },
		},
		"video_manager": {"VideoManagers": managers, "VideoManagersOf": member},
		"vm_member":     {"VideoManagers": managers, "VideoManagersOf": member},
	}
}

// found checks what is said about a changed column.
func (d *damaged) found(t *testing.T, table, column string, reads map[string]func() error) {
	t.Helper()
	name := table + "." + column
	for read, ask := range reads {
		err := ask()
		switch harmless := slices.Contains(unsummed, name) || read == "Family" && strings.HasPrefix(column, "pw_"); {
		case harmless && err != nil:
			t.Errorf("%s: %s got %v", name, read, err)
		case harmless, errors.Is(err, iam.ErrDamaged):
		case slices.Contains(names, name) && (err == nil || errors.Is(err, iam.ErrNotFound)):
		default:
			t.Errorf("%s: %s got %v", name, read, err)
		}
	}
	found, err := d.CheckRows(d.ctx)
	ok(t, err)
	if slices.Contains(unsummed, name) {
		if len(found.Damaged) > 0 {
			t.Errorf("%s: found %v", name, found.Damaged)
		}
		return
	}
	if len(found.Damaged) == 0 || found.Damaged[0].Table != table {
		t.Errorf("%s: found %v", name, found.Damaged)
	}
}

// byNow looks for a row by what its name was changed to; nil where no question
// is asked by that name.
func (d *damaged) byNow(name string, value any) func() error {
	text, _ := value.(string)
	if b, isBytes := value.([]byte); isBytes {
		text = string(b)
	}
	ask := map[string]func() error{
		"users.id":               func() error { _, err := d.User(d.ctx, d.realm, text); return err },
		"users.username":         func() error { _, err := d.UserByName(d.ctx, d.realm, text); return err },
		"users.email":            func() error { _, err := d.UserByEmail(d.ctx, d.realm, text); return err },
		"users.realm_id":         func() error { _, err := d.User(d.ctx, text, d.user.ID); return err },
		"token_family.id":        func() error { _, err := d.Family(d.ctx, d.realm, text); return err },
		"token_family.realm_id":  func() error { _, err := d.Family(d.ctx, text, d.login.Family.ID); return err },
		"login_failure.realm_id": func() error { _, _, err := d.Failures(d.ctx, text, damagedKey); return err },
		"login_failure.name_key": func() error { _, _, err := d.Failures(d.ctx, d.realm, text); return err },
		"revocation.realm_id":    func() error { _, err := d.TokenRevoked(d.ctx, text, damagedJTI); return err },
		"revocation.entity_id":   func() error { _, err := d.TokenRevoked(d.ctx, d.realm, text); return err },
		"vm_member.user_id":      func() error { _, err := d.VideoManagersOf(d.ctx, d.realm, text); return err },
	}[name]
	if name == "users.email" && text == "" { // nobody is found by that
		return nil
	}
	return ask
}

// whole checks that nothing is damaged.
func (d *damaged) whole(t *testing.T) {
	t.Helper()
	found, err := d.CheckRows(d.ctx)
	ok(t, err)
	if found.Rows != 11 || len(found.Damaged)+len(found.Unread) > 0 {
		t.Fatalf("nothing is damaged: %+v", found)
	}
	for table, reads := range d.reads() {
		for read, ask := range reads {
			if err := ask(); err != nil {
				t.Fatalf("%s of %s: %v", read, table, err)
			}
		}
	}
}

// row is the one row of a table.
func (d *damaged) row(t *testing.T, db *sql.DB, table string) (columns []string, values []any) {
	t.Helper()
	rows, err := db.QueryContext(d.ctx, "select * from "+table)
	ok(t, err)
	defer rows.Close()
	columns, err = rows.Columns()
	ok(t, err)
	values = make([]any, len(columns))
	into := make([]any, len(columns))
	for i := range into {
		into[i] = &values[i]
	}
	if !rows.Next() {
		t.Fatalf("table %s is empty", table)
	}
	ok(t, rows.Scan(into...))
	return columns, values
}

// change writes a column and says whether the schema let it.
func (d *damaged) change(t *testing.T, db *sql.DB, table, column string, value any) bool {
	t.Helper()
	_, err := db.ExecContext(d.ctx, fmt.Sprintf("update %s set %s = $1", table, column), value)
	return err == nil
}

// others are other values of about the same kind.
func others(value any) []any {
	switch v := value.(type) {
	case int64:
		return []any{v + 1, v - 1, v ^ 1<<40}
	case string:
		if v == "" {
			return []any{"x"}
		}
		return []any{v + "x", strings.ToUpper(v) + "X", ""}
	case []byte:
		return []any{append(slices.Clone(v), 0), []byte{}}
	default:
		return []any{int64(1), "x"}
	}
}

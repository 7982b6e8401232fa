package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// Report says what an import did: lines for people.
type Report struct {
	Created  []string // realms
	Existing []string
	Warnings []string // what the file holds and was not taken as it stands
	// Differences names what a file says differently from what is stored.
	Differences []string
	// Logins are the enabled users whose passwords were given plain. Those of
	// users that were there already stay once CheckPasswords has verified them.
	Logins []Login

	checks []realmCheck
}

type realmCheck struct {
	realm string
	admin.PasswordCheck
}

// compareAtMost bounds the passwords compared at a start: each costs a hash.
const compareAtMost = 100

// ImportFile brings a realm file into the store: each realm that does not
// exist is made, the others are compared. The error lists every fault with its
// place in the file.
func (a *App) ImportFile(ctx context.Context, name string, data []byte) (Report, error) {
	return a.file(ctx, name, data, true)
}

// CompareFile only names what the file says differently from what is stored. A
// damaged row ends the comparison, and no start: it is not what this is about.
func (a *App) CompareFile(ctx context.Context, name string, data []byte) (Report, error) {
	r, err := a.file(ctx, name, data, false)
	if errors.Is(err, iam.ErrDamaged) {
		r.Warnings = append(r.Warnings, name+" was not compared to its end: "+err.Error())
		return r, nil
	}
	return r, err
}

func (a *App) file(ctx context.Context, name string, data []byte, create bool) (Report, error) {
	drafts, warnings, err := realmfile.Parse(name, data)
	if err != nil {
		return Report{}, err
	}
	var r Report
	for _, w := range warnings {
		r.Warnings = append(r.Warnings, name+": "+w.String())
	}
	for _, d := range drafts {
		for _, u := range d.Users {
			if u.Plain != nil && u.Enabled {
				r.Logins = append(r.Logins, Login{Realm: d.Realm.Name, Username: u.Username, Password: *u.Plain})
			}
		}
	}
	err = a.bring(ctx, drafts, create, &r)
	return r, err
}

// Login is a user name with its password, "" where it is not known; Realm is
// set in a Report only.
type Login struct{ Realm, Username, Password string }

// ImportBuiltin makes the built-in realm with these users, unless there is one
// already; then users that are missing are added to that of the API, and the
// passwords of the others compared by CheckPasswords.
func (a *App) ImportBuiltin(ctx context.Context, users []Login) (Report, error) {
	var r Report
	people := make([]realmfile.User, len(users))
	for i, u := range users {
		people[i] = realmfile.Person(u.Username, u.Password)
	}
	exists, err := a.HasRealm(ctx, "")
	if err != nil {
		return r, err
	}
	if !exists {
		r.Logins = inRealm(defaultRealm, users)
		err = a.bring(ctx, []realmfile.Draft{realmfile.Builtin(defaultRealm, people...)}, true, &r)
		return r, err
	}
	realm, err := a.firstRealm(ctx)
	if err != nil {
		return r, err
	}
	r.Existing = []string{realm}
	err = a.addUsers(ctx, realm, users, &r)
	return r, err
}

func inRealm(realm string, users []Login) []Login {
	out := make([]Login, len(users))
	for i, u := range users {
		out[i] = Login{realm, u.Username, u.Password}
	}
	return out
}

// KnownUsers names people of the API's realm, at most limit, without their
// passwords; none where there is no realm.
func (a *App) KnownUsers(ctx context.Context, limit int) ([]Login, error) {
	realm, err := a.firstRealm(ctx)
	if err != nil {
		return nil, err
	}
	names, err := a.importer.People(ctx, realm, limit)
	out := make([]Login, len(names))
	for i, name := range names {
		out[i] = Login{Realm: realm, Username: name}
	}
	return out, err
}

// AddUsers adds users to the realm of the API, members of every VideoManager.
// A name that is taken keeps its password; CheckPasswords compares it.
func (a *App) AddUsers(ctx context.Context, users []Login, r *Report) error {
	realm, err := a.firstRealm(ctx)
	if err != nil {
		return err
	}
	return a.addUsers(ctx, realm, users, r)
}

func (a *App) addUsers(ctx context.Context, realm string, users []Login, r *Report) error {
	var checks []realmCheck
	for _, u := range users {
		check, err := a.importer.AddUser(ctx, realm, u.Username, u.Password)
		if err != nil {
			return err
		}
		if check != nil {
			checks = append(checks, realmCheck{realm, *check})
		}
	}
	r.checks = append(checks, r.checks...) // who is named by hand is compared first
	r.Logins = append(inRealm(realm, users), r.Logins...)
	return nil
}

func (a *App) bring(ctx context.Context, drafts []realmfile.Draft, create bool, r *Report) error {
	outcomes, err := a.importer.Bring(ctx, drafts, create)
	for _, o := range outcomes {
		if o.Created {
			r.Created = append(r.Created, o.Realm)
		} else {
			r.Existing = append(r.Existing, o.Realm)
		}
		for _, n := range o.Notes {
			r.Warnings = append(r.Warnings, o.Realm+": "+n.String())
		}
		r.Differences = append(r.Differences, o.Differences...)
		if !o.Created {
			r.keepChecked(o)
		}
	}
	return err
}

// keepChecked leaves of a realm that was there already only the logins whose
// passwords can be compared: the others' users are not stored, or have none.
func (r *Report) keepChecked(o admin.Outcome) {
	stored := map[string]bool{}
	for _, c := range o.Unchecked {
		stored[c.Username] = true
		r.checks = append(r.checks, realmCheck{o.Realm, c})
	}
	r.Logins = slices.DeleteFunc(r.Logins, func(l Login) bool { return l.Realm == o.Realm && !stored[l.Username] })
}

// CheckPasswords compares given passwords with the stored hashes, one hash
// each and at most a hundred. What differs is added to the report, and Logins
// keep only what is known to work.
func (a *App) CheckPasswords(ctx context.Context, r *Report) error {
	now := r.checks[:min(len(r.checks), compareAtMost)]
	checks := make([]admin.PasswordCheck, len(now))
	for i, c := range now {
		checks[i] = c.PasswordCheck
	}
	wrong, err := a.importer.Differs(ctx, checks)
	if err != nil {
		return err
	}
	useless := map[Login]bool{}
	for i, c := range r.checks {
		differs := i < len(wrong) && wrong[i]
		if differs {
			r.Differences = append(r.Differences, fmt.Sprintf("%s: users[%q]: the password differs", c.realm, c.Username))
		}
		if differs || i >= len(wrong) || !c.Enabled {
			useless[Login{c.realm, c.Username, c.Plain}] = true
		}
	}
	r.Logins = slices.DeleteFunc(r.Logins, func(l Login) bool {
		return useless[Login{l.Realm, iam.CanonicalName(l.Username), l.Password}]
	})
	r.checks = r.checks[len(now):]
	return nil
}

// Unchecked is how many passwords were given and not compared.
func (r *Report) Unchecked() int { return len(r.checks) }

// HasRealm says whether the store has a realm of that name; "" asks for any.
func (a *App) HasRealm(ctx context.Context, name string) (bool, error) {
	rows, err := a.store.LoadConfig(ctx)
	if err != nil {
		return false, err
	}
	for i := range rows.Realms {
		if name == "" || rows.Realms[i].Name == name {
			return true, nil
		}
	}
	for _, row := range rows.Damaged { // it may be the one
		if row.Table == iam.TableRealm {
			return true, nil
		}
	}
	return false, nil
}

// firstRealm is platform, or where there is none the first by name.
func (a *App) firstRealm(ctx context.Context) (string, error) {
	rows, err := a.store.LoadConfig(ctx)
	if err == nil {
		err = rows.Whole()
	}
	if err != nil {
		return "", err
	}
	first := ""
	for i := range rows.Realms {
		switch name := rows.Realms[i].Name; {
		case name == defaultRealm:
			return name, nil
		case first == "" || name < first:
			first = name
		}
	}
	if first == "" {
		return defaultRealm, nil
	}
	return first, nil
}

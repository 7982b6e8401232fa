package app

import (
	"context"

	"github.com/seed-a6a28e10/usher/internal/admin"
)

// Report says what an import did: lines for people.
type Report struct {
	Created  []string // realms
	Existing []string
	Warnings []string // what the file holds and was not taken as it stands
	// Differences names what a file says differently from what is stored.
	Differences []string
	// Logins are the enabled users of a file whose passwords stand there plain.
	Logins []Login

	checks []realmChecks
}

type realmChecks struct {
	realm  string
	checks []admin.PasswordCheck
}

// ImportFile brings a realm file into the store: each realm that does not
// exist is made, the others are compared. The error lists every fault with its
// place in the file.
func (a *App) ImportFile(ctx context.Context, name string, data []byte) (Report, error) {
	return a.file(ctx, name, data, true)
}

// CompareFile only names what the file says differently from what is stored.
func (a *App) CompareFile(ctx context.Context, name string, data []byte) (Report, error) {
	return a.file(ctx, name, data, false)
}

func (a *App) file(ctx context.Context, name string, data []byte, create bool) (Report, error) {
	drafts, warnings, err := admin.Parse(name, data)
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

// Login is a user name with its password; Realm is set in a Report only.
type Login struct{ Realm, Username, Password string }

// ImportBuiltin makes the built-in realm with these users, unless it exists;
// then users that are missing are added, and the passwords of the others
// compared by CheckPasswords.
func (a *App) ImportBuiltin(ctx context.Context, users []Login) (Report, error) {
	var r Report
	people := make([]admin.DraftUser, len(users))
	for i, u := range users {
		people[i] = admin.PersonDraft(u.Username, u.Password)
	}
	exists, err := a.HasRealm(ctx, defaultRealm)
	if err != nil {
		return r, err
	}
	if !exists {
		err = a.bring(ctx, []admin.Draft{admin.Builtin(defaultRealm, people...)}, true, &r)
		return r, err
	}
	r.Existing = []string{defaultRealm}
	err = a.addUsers(ctx, defaultRealm, users, &r)
	return r, err
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
	for _, u := range users {
		check, err := a.importer.AddUser(ctx, realm, u.Username, u.Password)
		if err != nil {
			return err
		}
		if check != nil {
			r.checks = append(r.checks, realmChecks{realm, []admin.PasswordCheck{*check}})
		}
	}
	return nil
}

func (a *App) bring(ctx context.Context, drafts []admin.Draft, create bool, r *Report) error {
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
		if len(o.Unchecked) > 0 {
			r.checks = append(r.checks, realmChecks{o.Realm, o.Unchecked})
		}
	}
	return err
}

// CheckPasswords compares the file's plain passwords with the stored hashes,
// one hash each, and adds what differs to the report.
func (a *App) CheckPasswords(ctx context.Context, r *Report) error {
	for _, c := range r.checks {
		lines, err := a.importer.Differs(ctx, c.realm, c.checks)
		if err != nil {
			return err
		}
		r.Differences = append(r.Differences, lines...)
	}
	r.checks = nil
	return nil
}

// Trust drops the comparisons: the passwords are known to be the stored ones.
func (r *Report) Trust() { r.checks = nil }

// Unchecked is how many passwords CheckPasswords would compare.
func (r *Report) Unchecked() (n int) {
	for _, c := range r.checks {
		n += len(c.checks)
	}
	return n
}

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
	return false, nil
}

// firstRealm is platform, or where there is none the first by name.
func (a *App) firstRealm(ctx context.Context) (string, error) {
	rows, err := a.store.LoadConfig(ctx)
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

package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// Store is what an import needs of a store.
type Store interface {
	LoadConfig(ctx context.Context) (iam.ConfigRows, error)
	// ImportRealm writes a whole realm or nothing; iam.ErrConflict when its id
	// or name is taken.
	ImportRealm(ctx context.Context, r iam.RealmImport, m []vms.Membership) error
	// AddUsers writes all users or none; iam.ErrConflict when a name is taken.
	AddUsers(ctx context.Context, realmID string, users []iam.User, memberOf []int64) error
	Users(ctx context.Context, realmID, afterID string, limit int) ([]iam.User, error)
	// UserByName finds one user; iam.ErrNotFound when there is none.
	UserByName(ctx context.Context, realmID, canonical string) (iam.User, error)
	// UserByEmail finds the one user with an address; iam.ErrNotFound when there
	// is none, or more than one.
	UserByEmail(ctx context.Context, realmID, canonical string) (iam.User, error)
	VideoManagers(ctx context.Context, realmID string) ([]vms.Membership, error)
}

// Sealer encrypts under the master key; the place is authenticated.
type Sealer interface {
	Seal(plain []byte, realmID, id, purpose string) []byte
	Open(sealed []byte, realmID, id, purpose string) ([]byte, error)
}

// KeyMaker makes signing keys, sealed under the realm's id, with certificates
// in the realm's name. Generate may take a tenth of a second for RSA and is
// called from several goroutines.
type KeyMaker interface {
	Generate(r *iam.Realm, algorithm string, at time.Time) (iam.Key, error)
	Import(r *iam.Realm, m realmfile.KeyMaterial, at time.Time) (iam.Key, error)
}

// Purposes under which this package seals; the id is the row's.
const (
	PurposeClientSecret = iam.PurposeClientSecret
	PurposeCredential   = iam.PurposeCredential
	PurposeKept         = iam.PurposeKept
)

// Scopes are the built-in client scopes and which of them a new client gets.
type Scopes struct {
	All               []iam.ClientScope
	Default, Optional []string
}

// Importer brings drafts into a store. All fields are needed.
type Importer struct {
	Store  Store
	Merge  MergeStore // of Import alone
	Sealer Sealer
	Hasher secret.Hasher
	Keys   KeyMaker
	Scopes Scopes
	NewID  func() string
	Now    func() time.Time
	// Hashers bounds the password hashes made at once.
	Hashers int
}

// Outcome says what Bring did with one realm.
type Outcome struct {
	Realm   string
	Created bool
	Users   int // in the file
	Notes   []realmfile.Warning
	// Differences names what the file says differently from what is stored,
	// when the realm was there already.
	Differences []string
	// Unchecked are plain passwords of the file whose users exist: comparing
	// them costs a hash each, so it is left to the caller when.
	Unchecked []PasswordCheck
}

// PasswordCheck is a stored hash to compare with a password of the file.
type PasswordCheck struct {
	Username string
	Enabled  bool // as stored: a password is of no use to a user who is not
	Stored   iam.Credential
	Plain    string
}

// Bring imports every draft whose realm does not exist, each all or nothing,
// and compares the others with what is stored. Without create a realm that
// does not exist is only named.
func (im *Importer) Bring(ctx context.Context, drafts []realmfile.Draft, create bool) ([]Outcome, error) {
	rows, err := im.Store.LoadConfig(ctx)
	if err == nil {
		err = rows.Whole()
	}
	if err != nil {
		return nil, err
	}
	first, err := im.firstManager(ctx, rows, drafts)
	if err != nil {
		return nil, err
	}
	var out []Outcome
	for i := range drafts {
		d, managers := &drafts[i], first
		first += 3
		stored, ok := findRealm(rows, d.Realm.Name)
		if ok {
			o, err := im.compare(ctx, rows, stored, d)
			if err != nil {
				return out, err
			}
			out = append(out, o)
			continue
		}
		if !create {
			out = append(out, Outcome{Realm: d.Realm.Name, Differences: []string{d.Realm.Name + ": the realm is not stored"}})
			continue
		}
		o, err := im.create(ctx, d, managers)
		if err != nil {
			return out, fmt.Errorf("realm %s: %w", d.Realm.Name, err)
		}
		out = append(out, o)
	}
	return out, nil
}

// firstManager is the id of the first VideoManager made for a silent file:
// 1001, or the one after all that exist, since ids are one series.
func (im *Importer) firstManager(ctx context.Context, rows iam.ConfigRows, drafts []realmfile.Draft) (int64, error) {
	next := int64(1001)
	use := func(list []vms.Membership) {
		for _, m := range list {
			next = max(next, m.VideoManager.ID+1)
		}
	}
	for _, d := range drafts {
		use(d.VideoManagers)
	}
	for _, r := range rows.Realms {
		list, err := im.Store.VideoManagers(ctx, r.ID)
		if err != nil {
			return 0, err
		}
		use(list)
	}
	return next, nil
}

func findRealm(rows iam.ConfigRows, name string) (*iam.Realm, bool) {
	for i := range rows.Realms {
		if rows.Realms[i].Name == name {
			return &rows.Realms[i], true
		}
	}
	return nil, false
}

// create makes a realm; managers is the id of the first VideoManager made for a
// silent file.
func (im *Importer) create(ctx context.Context, d *realmfile.Draft, managers int64) (Outcome, error) {
	notes := im.complete(d)
	row, members, err := im.rows(ctx, d, managers)
	if err != nil {
		return Outcome{}, err
	}
	if err := im.Store.ImportRealm(ctx, row, members); err != nil {
		if errors.Is(err, iam.ErrConflict) {
			err = fmt.Errorf("an id of the file is taken by another realm: %w", err)
		}
		return Outcome{}, err
	}
	return Outcome{Realm: d.Realm.Name, Created: true, Users: len(d.Users), Notes: notes}, nil
}

// AddUser adds one user with a plain password who is a member of every
// VideoManager of the realm. When the name is taken nothing is changed and the
// password is handed back for comparison; iam.ErrConflict when the name is
// another user's address in a realm whose users may log in by theirs.
func (im *Importer) AddUser(ctx context.Context, realm, username, password string) (*PasswordCheck, error) {
	rows, err := im.Store.LoadConfig(ctx)
	if err == nil {
		err = rows.Whole()
	}
	if err != nil {
		return nil, err
	}
	r, ok := findRealm(rows, realm)
	if !ok {
		return nil, fmt.Errorf("realm %s: %w", realm, iam.ErrNotFound)
	}
	name := iam.CanonicalName(username)
	switch u, err := im.Store.UserByName(ctx, r.ID, name); {
	case err == nil:
		check := &PasswordCheck{Username: name, Enabled: u.Enabled, Plain: password}
		if u.Password != nil {
			check.Stored = *u.Password
		}
		return check, nil
	case !errors.Is(err, iam.ErrNotFound):
		return nil, err
	}
	if r.LoginWithEmail && strings.Contains(name, "@") {
		switch u, err := im.Store.UserByEmail(ctx, r.ID, name); {
		case err == nil:
			return nil, fmt.Errorf("user %s: the name is the e-mail address of user %s: %w", name, u.Username, iam.ErrConflict)
		case !errors.Is(err, iam.ErrNotFound):
			return nil, err
		}
	}
	managers, err := im.Store.VideoManagers(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	user := realmfile.Person(name, password)
	user.ID, user.RealmID, user.CreatedAt = im.NewID(), r.ID, im.Now().UnixMilli()
	if err := im.hash(&user); err != nil {
		return nil, err
	}
	ids := make([]int64, len(managers))
	for i, m := range managers {
		ids[i] = m.VideoManager.ID
	}
	return nil, im.Store.AddUsers(ctx, r.ID, []iam.User{user.User}, ids)
}

// People names users of a realm, at most limit of them and no service accounts;
// none where the realm does not exist.
func (im *Importer) People(ctx context.Context, realm string, limit int) ([]string, error) {
	rows, err := im.Store.LoadConfig(ctx)
	if err != nil {
		return nil, err
	}
	r, ok := findRealm(rows, realm)
	if !ok {
		return nil, nil
	}
	var out []string
	for after := ""; ; {
		page, err := im.Store.Users(ctx, r.ID, after, 100)
		if err != nil || len(page) == 0 {
			return out, err
		}
		for _, u := range page {
			if len(out) == limit {
				return out, nil
			}
			if u.ServiceAccountOf == "" {
				out = append(out, u.Username)
			}
		}
		after = page[len(page)-1].ID
	}
}

// Differs verifies the checks and says which of them fail. It costs a hash per
// check.
func (im *Importer) Differs(ctx context.Context, checks []PasswordCheck) ([]bool, error) {
	wrong := make([]bool, len(checks))
	err := im.parallel(ctx, len(checks), func(i int) error {
		ok, err := im.Hasher.Verify(checks[i].Stored.SecretData, checks[i].Stored.CredentialData, checks[i].Plain)
		wrong[i] = !ok && (err == nil || errors.Is(err, secret.ErrPasswordHash))
		return nil
	})
	return wrong, err
}

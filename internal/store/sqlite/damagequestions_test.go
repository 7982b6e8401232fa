package sqlite

import (
	"context"
	"fmt"
	"reflect"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// logins and people are in the database that is damaged.
const (
	logins = 60
	people = callers // as newLogin has it
)

func referenceRealm() iam.RealmImport {
	in := iam.RealmImport{Realm: iam.Realm{ID: realm, Name: "platform", Enabled: true}}
	for i := range 8 {
		in.Clients = append(in.Clients, iam.Client{ID: fmt.Sprint("client-", i), ClientID: fmt.Sprint("app", i), Enabled: true})
		in.Keys = append(in.Keys, iam.Key{ID: fmt.Sprint("key-", i), KID: fmt.Sprint("kid-", i), Algorithm: "HS512", Status: iam.KeyActive,
			Sealed: make([]byte, 80)})
	}
	for i := range people {
		in.Users = append(in.Users, iam.User{ID: person(i), Username: fmt.Sprint("user", i), Email: fmt.Sprintf("user%d@example.org", i),
			Enabled: i%9 != 0 || i < logins, RealmRoles: []string{"user"},
			Password: &iam.Credential{ID: "p", Type: "password", SecretData: `{"value":"aGFzaA==","salt":"c2FsdA=="}`, CredentialData: `{"algorithm":"argon2"}`}})
	}
	return in
}

func person(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

func referenceManagers() []vms.Membership {
	var out []vms.Membership
	for m := range 4 {
		one := vms.Membership{VideoManager: vms.VideoManager{ID: int64(m), Name: fmt.Sprint("VM ", m), UUID: fmt.Sprint("uuid-", m), RealmID: realm, Configuration: []byte(`{}`)}}
		for i := range people {
			if i%4 >= m {
				one.Members = append(one.Members, person(i))
			}
		}
		out = append(out, one)
	}
	return out
}

// questions are what a server asks its store, by name.
func questions(db *DB) map[string]func() (any, error) {
	ctx := context.Background()
	out := map[string]func() (any, error){
		"the configuration": func() (any, error) {
			rows, err := db.LoadConfig(ctx)
			if err == nil {
				err = rows.Whole()
			}
			return rows, err
		},
		"all users":         func() (any, error) { return db.Users(ctx, realm, "", 1000) },
		"the feed":          func() (any, error) { return db.Revocations(ctx, 0) },
		"all VideoManagers": func() (any, error) { return db.VideoManagers(ctx, realm) },
	}
	for i := range people {
		out[fmt.Sprint("user ", i)] = func() (any, error) { return db.User(ctx, realm, person(i)) }
		out[fmt.Sprint("user named ", i)] = func() (any, error) { return db.UserByName(ctx, realm, fmt.Sprint("user", i)) }
		out[fmt.Sprint("user mailed ", i)] = func() (any, error) { return db.UserByEmail(ctx, realm, fmt.Sprintf("user%d@example.org", i)) }
		out[fmt.Sprint("VideoManagers of ", i)] = func() (any, error) { return db.VideoManagersOf(ctx, realm, person(i)) }
	}
	for i := range logins {
		out[fmt.Sprint("family ", i)] = func() (any, error) { return db.Family(ctx, realm, newLoginFamily(i)) }
		out[fmt.Sprint("failures ", i)] = func() (any, error) {
			f, _, err := db.Failures(ctx, realm, fmt.Sprint("key", i))
			return f, err
		}
		out[fmt.Sprint("revoked ", i)] = func() (any, error) { return db.TokenRevoked(ctx, realm, fmt.Sprint("jti", i)) }
	}
	return out
}

// part says whether an answer is the reference's with things left out.
func part(want, got any) bool {
	switch want := want.(type) {
	case bool:
		return !got.(bool)
	case iam.Failures:
		return got.(iam.Failures).Rev == 0
	case iam.FamilyView:
		got := got.(iam.FamilyView)
		return (got.Session == nil || reflect.DeepEqual(got.Session, want.Session)) &&
			(got.ClientSession == nil || reflect.DeepEqual(got.ClientSession, want.ClientSession)) &&
			(got.User == nil || reflect.DeepEqual(got.User, want.User)) && reflect.DeepEqual(got.Family, want.Family)
	case []iam.User:
		return among(want, got.([]iam.User))
	case []iam.Revocation:
		return among(want, got.([]iam.Revocation))
	case []vms.VideoManager:
		return among(want, got.([]vms.VideoManager))
	case []vms.Membership:
		for _, g := range got.([]vms.Membership) {
			ok := false
			for _, w := range want {
				ok = ok || reflect.DeepEqual(w.VideoManager, g.VideoManager) && among(w.Members, g.Members)
			}
			if !ok {
				return false
			}
		}
		return true
	case iam.ConfigRows:
		got := got.(iam.ConfigRows)
		return among(want.Realms, got.Realms) && among(want.Clients, got.Clients) && among(want.Keys, got.Keys)
	}
	return false
}

func among[T any](want, got []T) bool {
	for _, g := range got {
		found := false
		for _, w := range want {
			found = found || reflect.DeepEqual(w, g)
		}
		if !found {
			return false
		}
	}
	return true
}

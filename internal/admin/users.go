package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// UserStore finds users. Absence is iam.ErrNotFound.
type UserStore interface {
	FindUsers(ctx context.Context, realmID string, q iam.UserQuery) ([]iam.User, error)
	CountUsers(ctx context.Context, realmID string) (int, error)
	User(ctx context.Context, realmID, id string) (iam.User, error)
	UserByName(ctx context.Context, realmID, canonical string) (iam.User, error)
	UserByEmail(ctx context.Context, realmID, canonical string) (iam.User, error)
	Failures(ctx context.Context, realmID, key string) (f iam.Failures, at int64, err error)
}

// UserList answers one page of a realm's users.
func (s *Service) UserList(ctx context.Context, realm string, q iam.UserQuery) ([]iam.User, error) {
	cfg, err := s.realm(realm)
	if err != nil {
		return nil, err
	}
	return s.Users.FindUsers(ctx, cfg.Realm.ID, q)
}

// UserView is a user with what is known about one beside the row.
type UserView struct {
	iam.User
	VideoManagers []vms.VideoManager
	Failures      iam.Failures
}

// UserOf answers one user, by id, name or address.
func (s *Service) UserOf(ctx context.Context, realm, ref string) (UserView, error) {
	cfg, u, err := s.find(ctx, realm, ref)
	if err != nil {
		return UserView{}, err
	}
	return s.view(ctx, cfg, u)
}

func (s *Service) view(ctx context.Context, cfg *iam.RealmConfig, u iam.User) (UserView, error) {
	list, err := s.Members.VideoManagersOf(ctx, cfg.Realm.ID, u.ID)
	if err != nil {
		return UserView{}, err
	}
	f, _, err := s.Users.Failures(ctx, cfg.Realm.ID, u.ID)
	return UserView{User: u, VideoManagers: list, Failures: f}, err
}

// find resolves realm and user.
func (s *Service) find(ctx context.Context, realm, ref string) (*iam.RealmConfig, iam.User, error) {
	cfg, err := s.realm(realm)
	if err != nil {
		return nil, iam.User{}, err
	}
	u, err := s.lookUp(ctx, cfg, ref)
	return cfg, u, err
}

// lookUp tries the id first: nobody chooses it, so that no name can stand in
// for another user.
func (s *Service) lookUp(ctx context.Context, cfg *iam.RealmConfig, ref string) (iam.User, error) {
	name := iam.CanonicalName(ref)
	for _, try := range []func() (iam.User, error){
		func() (iam.User, error) { return s.Users.User(ctx, cfg.Realm.ID, strings.TrimSpace(ref)) },
		func() (iam.User, error) { return s.Users.UserByName(ctx, cfg.Realm.ID, name) },
		func() (iam.User, error) { return s.Users.UserByEmail(ctx, cfg.Realm.ID, name) },
	} {
		if name == "" || len(ref) > maxName {
			break
		}
		if u, err := try(); !errors.Is(err, iam.ErrNotFound) {
			return u, err
		}
	}
	return iam.User{}, unknown("user", ref, cfg.Realm.Name)
}

// maxName is the longest user name, address or clientId in bytes.
const maxName = 255

// NewUser is what an operator may say about a user.
type NewUser struct {
	User      iam.User // without id
	Password  *string  // plain; nil: none yet
	Temporary bool
	MemberOf  []int64 // ids of VideoManagers
	OfAll     bool    // of every VideoManager there is
}

// AddUser makes a user.
func (s *Service) AddUser(ctx context.Context, c Caller, realm string, in NewUser) (UserView, error) {
	cfg, err := s.realm(realm)
	if err != nil {
		return UserView{}, err
	}
	u := in.User
	u.Username, u.Email = iam.CanonicalName(u.Username), iam.CanonicalName(u.Email)
	if refusal := checkUser(cfg, &u); refusal != nil {
		return UserView{}, refusal
	}
	if err := s.checkNames(ctx, cfg, &u); err != nil {
		return UserView{}, err
	}
	member, err := s.managers(ctx, cfg, in.MemberOf, in.OfAll)
	if err != nil {
		return UserView{}, err
	}
	u.ID, u.RealmID, u.CreatedAt = s.NewID(), cfg.Realm.ID, s.Now().UnixMilli()
	if in.Password != nil {
		if u.Password, err = s.hash(&u, *in.Password); err != nil {
			return UserView{}, err
		}
		u.RequiredActions = withAction(u.RequiredActions, in.Temporary)
	}
	ev := s.event(c, cfg.Realm.ID, adminCreate, "USER", "users/"+u.ID)
	ev.UserID, ev.Details["username"] = u.ID, u.Username
	if err := s.Accounts.AddUser(ctx, u, member, ev); err != nil {
		return UserView{}, answer(err, "The user name "+quote(u.Username)+" is taken in realm "+realm)
	}
	return s.view(ctx, cfg, u)
}

// checkUser judges what needs no store.
func checkUser(cfg *iam.RealmConfig, u *iam.User) error {
	switch {
	case u.Username == "":
		return refused("A user needs a user name")
	case len(u.Username) > maxName || len(u.Email) > maxName:
		return refused(fmt.Sprintf("A user name or address has at most %d bytes", maxName))
	case hasControl(u.Username) || hasControl(u.Email) || hasControl(u.FirstName) || hasControl(u.LastName):
		return refused("Names must not hold control characters")
	case len(u.FirstName) > maxName || len(u.LastName) > maxName:
		return refused(fmt.Sprintf("A name has at most %d bytes", maxName))
	case u.Email != "" && !isAddress(u.Email):
		return refused("An e-mail address has something before and behind its @")
	}
	return checkRoles(cfg, u)
}

// checkRoles refuses roles and groups that do not exist.
func checkRoles(cfg *iam.RealmConfig, u *iam.User) error {
	for _, name := range u.RealmRoles {
		if !iam.HasRole(cfg.Realm.Roles, name) {
			return refused("There is no realm role " + quote(name))
		}
	}
	for client, names := range u.ClientRoles {
		for _, name := range names {
			if !iam.HasRole(cfg.Realm.ClientRoles[client], name) {
				return refused("There is no role " + quote(name) + " of client " + quote(client))
			}
		}
	}
	for _, path := range u.Groups {
		if !slices.ContainsFunc(cfg.Realm.Groups, func(g iam.Group) bool { return g.Path == path }) {
			return refused("There is no group " + quote(path))
		}
	}
	return nil
}

// checkNames refuses a name or address that would stand for two people at a login.
func (s *Service) checkNames(ctx context.Context, cfg *iam.RealmConfig, u *iam.User) error {
	if cfg.Realm.LoginWithEmail && strings.Contains(u.Username, "@") {
		if err := s.free(ctx, cfg, s.Users.UserByEmail, u.Username, "is the address of user"); err != nil {
			return err
		}
	}
	if u.Email == "" {
		return nil
	}
	if cfg.Realm.LoginWithEmail {
		if err := s.free(ctx, cfg, s.Users.UserByName, u.Email, "is the name of user"); err != nil {
			return err
		}
	}
	return s.free(ctx, cfg, s.Users.UserByEmail, u.Email, "is the address of user")
}

func (s *Service) free(ctx context.Context, cfg *iam.RealmConfig, by func(ctx context.Context, realmID, canonical string) (iam.User, error), name, is string) error {
	other, err := by(ctx, cfg.Realm.ID, name)
	switch {
	case errors.Is(err, iam.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return taken(quote(name) + " " + is + " " + other.Username)
}

// hash judges a password set by an operator and makes the credential of it.
func (s *Service) hash(u *iam.User, plain string) (*iam.Credential, error) {
	if text := operatorPasswordFault(u, plain); text != "" {
		return nil, refused(text)
	}
	s.hashing.Lock()
	defer s.hashing.Unlock()
	secretData, credentialData, err := s.Importer.Hasher.Hash(plain)
	if err != nil {
		return nil, oauth.Refuse(oauth.Internal).Because(err)
	}
	return &iam.Credential{
		ID: s.NewID(), Type: "password", CreatedAt: s.Now().UnixMilli(),
		SecretData: secretData, CredentialData: credentialData,
	}, nil
}

// operatorPasswordFault says why a password cannot be set, or "".
func operatorPasswordFault(u *iam.User, plain string) string {
	same := iam.CanonicalName(plain)
	switch {
	case len([]rune(plain)) < iam.MinPassword:
		return fmt.Sprintf("A password has at least %d characters", iam.MinPassword)
	case len(plain) > secret.MaxPassword:
		return fmt.Sprintf("A password has at most %d bytes", secret.MaxPassword)
	case same == u.Username || u.Email != "" && same == u.Email:
		return "A password must not be the user's name or address"
	}
	return secret.PasswordFault(plain)
}

// updatePassword is the required action of a temporary password.
const updatePassword = "UPDATE_PASSWORD"

// withAction are the required actions after a password was set: a temporary one
// must be changed first, any other settles the matter.
func withAction(actions []string, temporary bool) []string {
	out := slices.DeleteFunc(slices.Clone(actions), func(a string) bool { return a == updatePassword })
	if temporary {
		out = append(out, updatePassword)
	}
	return out
}

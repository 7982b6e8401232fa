package realmfile

import (
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// Builtin is the realm of a fresh installation, as the published
// documentation describes it: access tokens of 300 s, refresh tokens of
// 3600 s that keep a session alive without limit, and the public client
// "anonymous" that may use the password grant. New public clients rotate
// their refresh tokens; anonymous does not, since existing programs keep using
// their first one.
func Builtin(name string, users ...User) Draft {
	reusable := false
	d := Draft{
		Realm: iam.Realm{
			Name: name, Enabled: true, SSLRequired: "external", SignatureAlgorithm: "RS256",
			Lifetimes: iam.Lifetimes{
				AccessToken: 300, SessionIdle: 3600, SessionMax: 0,
				OfflineIdle: defaultOfflineIdle, OfflineMax: defaultOfflineMax, AccessCode: 60,
			},
			RevokeRefreshToken: true, RotationWindow: defaultRotationWindow,
			LoginWithEmail: true, DefaultRole: "default-roles-" + strings.ToLower(name),
		},
		Clients: []iam.Client{{
			ClientID: iam.AnonymousClient, Name: "Anonymous users", Protocol: "openid-connect",
			Enabled: true, Public: true, DirectAccessGrants: true, FullScopeAllowed: true,
			RevokeRefreshToken: &reusable,
		}},
		Users: users,
	}
	ensureDefaultRole(&d.Realm)
	return d
}

// Person is an enabled user with a plain password and nothing else; a
// name that is an e-mail address is also the address.
func Person(username, password string) User {
	u := User{User: iam.User{Username: iam.CanonicalName(username), Enabled: true}, Plain: &password}
	if at := strings.LastIndexByte(u.Username, '@'); at > 0 && at < len(u.Username)-1 {
		u.Email, u.EmailVerified = u.Username, true
	}
	return u
}

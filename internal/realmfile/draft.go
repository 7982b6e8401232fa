package realmfile

import (
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// Draft is one realm as a file states it: rows in clear, without the ids,
// hashes and keys the file left out. It is a pure function of the file.
type Draft struct {
	Realm   iam.Realm
	Clients []iam.Client // Secret is the plain secret
	Keys    []KeyMaterial
	Users   []User
	// VideoManagers is nil where the file does not speak of them: three are
	// made then, and every user is a member. Members are user names.
	VideoManagers []vms.Membership

	// stated are the members the file has; see there.
	stated    map[string]bool
	madeRoles int
	// memberAt is the place of each VideoManager's members, for faults found
	// when all users are known.
	memberAt []Fault
}

// User is a user whose password may still be plain.
type User struct {
	iam.User
	// Plain is a password as written in the file; nil when there is none.
	Plain *string
	// Costly says that the file has a password whose hash costs too much to
	// check, Unknown that it has one by an algorithm that is not known here; it
	// is left out.
	Costly  bool `json:",omitempty"`
	Unknown bool `json:",omitempty"`
}

// KeyMaterial is a key component of a file, its secret half in clear.
type KeyMaterial struct {
	KID         string // "": computed from the public half
	Algorithm   string
	Status      iam.KeyStatus
	Priority    int
	Private     []byte // DER, PKCS#8 or PKCS#1; nil for HMAC
	Secret      []byte // HMAC only
	Certificate []byte // DER, may be nil
	// Place is where the file states it, for faults found when it is opened.
	Place string
}

// MadeRoles counts the last realm roles, which the file does not have.
func (d *Draft) MadeRoles() int { return d.madeRoles }

// ownSettings are the members of a realm's row that a file sets by attributes.
var ownSettings = map[string]string{
	"rotationWindow": "usher.rotation.window", "rejectAhead": "usher.reject.ahead",
	"noVerifiedPasswordCache": "usher.verified.password.cache", "tokenTypeCapital": "usher.token.type.capital",
	"wrongPasswordIs400": "usher.wrong.password.400", "noSessionStateClaim": "usher.session.state.claim",
	"noVideoAudience": "usher.video.audience",
}

// States says whether the file speaks of a member of the realm, as the file
// names it: where it is silent, what is stored is no difference.
func (d *Draft) States(name string) bool {
	switch name {
	case "id", "realm":
		return false // the realm is the one of that name
	case "guessing":
		return d.stated["bruteForceProtected"] || d.stated["attributes.usher.guessing"]
	case "ssoSessionMaxLifespan":
		return d.stated[name] || d.stated["attributes.usher.session.max.none"]
	}
	if attribute, ok := ownSettings[name]; ok {
		return d.stated["attributes."+attribute]
	}
	return d.stated[name]
}

// Algorithms are the realm's, that of refresh tokens, and what its clients ask
// for. Clients that are switched off count: they may be switched on.
func (d *Draft) Algorithms() []string {
	out := []string{d.Realm.SignatureAlgorithm, "HS512"}
	for i := range d.Clients {
		c := &d.Clients[i]
		if c.Protocol != "openid-connect" || c.BearerOnly {
			continue
		}
		for _, name := range algorithmAttributes {
			if alg := c.Attributes[name]; iam.Asymmetric(alg) {
				out = append(out, alg)
			}
		}
	}
	return out
}

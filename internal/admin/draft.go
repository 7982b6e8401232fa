package admin

import (
	"encoding/json"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// Draft is one realm as a file states it: rows in clear, without the ids,
// hashes and keys the file left out. It is a pure function of the file.
type Draft struct {
	Realm   iam.Realm
	Clients []iam.Client // Secret is the plain secret
	Keys    []KeyMaterial
	Users   []DraftUser
	// VideoManagers is nil where the file does not speak of them: three are
	// made then, and every user is a member. Members are user names.
	VideoManagers []vms.Membership
	// Where the importer fills in, the file was silent about it.
	builtinScopes bool
	firstManager  int64
	// stated are the members the file has; see there.
	stated map[string]bool
	// madeRoles counts the last realm roles, which the file does not have.
	madeRoles int
	// memberAt is the place of each VideoManager's members, for faults found
	// when all users are known.
	memberAt []Fault
}

// DraftUser is a user whose password may still be plain.
type DraftUser struct {
	iam.User
	// Plain is a password as written in the file; nil when there is none.
	Plain *string
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

// mayHoldSecret says whether a kept member is sealed whole: those that are
// known to hold secrets, and everything unknown, since nobody can tell.
func mayHoldSecret(name string) bool { return !plainKept[name] }

// keep adds members under a path of their own, so that what belongs to a
// nested object without room for it survives beside the realm.
func keep(into map[string]json.RawMessage, path string, rest map[string]json.RawMessage) map[string]json.RawMessage {
	if len(rest) == 0 {
		return into
	}
	if into == nil {
		into = map[string]json.RawMessage{}
	}
	if path == "" {
		for k, v := range rest {
			into[k] = v
		}
		return into
	}
	raw, err := json.Marshal(rest)
	if err == nil { // raw messages of a parsed file always marshal
		into[path] = raw
	}
	return into
}

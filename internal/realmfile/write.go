package realmfile

import (
	"encoding/json"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// Writer writes one realm in the form of Keycloak's own export. What it is
// given is in clear.
type Writer struct {
	Realm   iam.Realm
	Clients []iam.Client
	Keys    []OpenKey
	// Secrets leaves client secrets, keys, hashes and seeds in clear; otherwise
	// they are masked as Keycloak's partial export masks them, and users come
	// without credentials.
	Secrets bool

	users []any
}

// OpenKey is a key with its secret half: PKCS#8 DER, or the bytes of an HMAC key.
type OpenKey struct {
	iam.Key
	Plain []byte
}

// User adds a user to the files to be written.
func (x *Writer) User(u iam.User) { x.users = append(x.users, x.user(u)) }

// RealmFile writes the realm in one document, with the users added so far where
// withUsers says so. The members of managers are user names, sorted; nil leaves
// them out. The error is of a key that is none.
func (x *Writer) RealmFile(managers []vms.Membership, withUsers bool) ([]byte, error) {
	doc, err := x.document()
	if err != nil {
		return nil, err
	}
	if withUsers {
		doc["users"] = append([]any{}, x.users...)
	}
	list := []any{}
	for _, m := range managers {
		list = append(list, x.manager(m))
	}
	doc["videoManagers"] = list
	return x.write(doc)
}

// UsersFile writes the users added so far, as one of the files beside the
// realm's in an export to a folder.
func (x *Writer) UsersFile() ([]byte, error) {
	return x.write(map[string]any{"realm": x.Realm.Name, "users": append([]any{}, x.users...)})
}

func (x *Writer) manager(m vms.Membership) map[string]any {
	v := m.VideoManager
	out := map[string]any{"id": v.ID, "name": v.Name, "uuid": v.UUID, "configuration": v.Configuration}
	addKept(out, x.Realm.Kept[ManagerPlace(v.ID)])
	if m.Members != nil {
		out["members"] = m.Members
	}
	return out
}

func (x *Writer) write(doc map[string]any) ([]byte, error) {
	if !x.Secrets {
		mask("", doc)
	}
	data, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}

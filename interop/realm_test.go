package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// realmChange is what a server's realm has other than testdata/realm.json: top
// level members of Keycloak's realm file.
type realmChange map[string]any

var (
	paced    = realmChange{"accessTokenLifespan": pacedAccess, "ssoSessionIdleTimeout": pacedRefresh}
	brief    = realmChange{"accessTokenLifespan": 2, "ssoSessionIdleTimeout": 6}
	rotating = realmChange{"accessTokenLifespan": 2, "ssoSessionIdleTimeout": 6, "revokeRefreshToken": true}
)

// The paced server's lifetimes leave a busy machine the time to start a program
// for each request; a client that does all in one process needs less.
const pacedAccess, pacedRefresh = 4, 12

// writeRealm puts the changed realm file into dir and returns its path.
func writeRealm(dir string, change realmChange) (string, error) {
	raw, err := os.ReadFile(filepath.Join("testdata", "realm.json"))
	if err != nil {
		return "", err
	}
	var realm map[string]any
	if err := json.Unmarshal(raw, &realm); err != nil {
		return "", err
	}
	for member, value := range change {
		realm[member] = value
	}
	raw, err = json.Marshal(realm)
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "realm.json")
	return name, os.WriteFile(name, raw, 0o600)
}

// person is a user of testdata/realm.json.
type person struct{ name, password string }

var (
	viewer  = person{"viewer@example.org", "documented;Password.1"}
	library = person{"library", " ;&+%41=ü🔑\"'\\ "}
)

// vm is an entry of GET /v1/vms.
type vm struct {
	ID            int64           `json:"id"`
	Name          string          `json:"name"`
	UUID          string          `json:"uuid"`
	Configuration json.RawMessage `json:"configuration"`
}

// viewersVMs are the ids and names that viewer and library may use.
var viewersVMs = map[int64]string{5: "Marketing", 97: "Schulung & Training"}

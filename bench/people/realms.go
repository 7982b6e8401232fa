package people

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/seed-a6a28e10/usher/bench/history"
)

// Realm is one refresh policy.
type Realm struct {
	Name     string
	Rotating bool
	Window   time.Duration
	// Idle is how long a session lives without a refresh.
	Idle time.Duration
}

// Realms are the policies: a used token converges for ten seconds, or not at
// all, or every token works. The last one's idle time is short, so that
// refreshing writes now and then; access tokens live no longer than it, and a
// machine that stands still for a while must not make them end unforeseen.
func Realms() []Realm {
	return []Realm{
		{"platform", true, 10 * time.Second, 10 * time.Hour},
		{"instant", true, 0, 10 * time.Hour},
		{"reusable", false, 0, time.Minute},
	}
}

// The clients of each realm, and the one that may introspect access tokens.
const (
	public       = "anonymous"
	confidential = "service"
	asking       = "video-api"
	secret       = "a secret of the bench"
)

// FirstPassword is everybody's at first, hashed weakly: it must not take
// longer to log in than to do everything else.
const FirstPassword = "the first password of all"

// WriteRealms writes a realm file with n people in each realm.
func WriteRealms(path string, realms []Realm, n int) error {
	var file []map[string]any
	for _, r := range realms {
		users := make([]any, n)
		for i := range users {
			users[i] = map[string]any{
				"username": userName(i), "enabled": true, "email": userName(i) + "@example.org", "emailVerified": true,
				"firstName": "Given", "lastName": "Family", "credentials": []any{weakHash()},
			}
		}
		client := func(id string, public bool) map[string]any {
			c := map[string]any{"clientId": id, "publicClient": public, "directAccessGrantsEnabled": true}
			if !public {
				c["secret"] = secret
			}
			return c
		}
		file = append(file, map[string]any{
			"realm": r.Name, "enabled": true, "accessTokenLifespan": 3600, "ssoSessionIdleTimeout": int(r.Idle.Seconds()),
			"ssoSessionMaxLifespan": 360_000, "defaultSignatureAlgorithm": "ES256", "revokeRefreshToken": r.Rotating,
			"attributes": map[string]string{"usher.rotation.window": fmt.Sprint(int(r.Window.Seconds()))},
			"clients":    []any{client(public, true), client(confidential, false), client(asking, false)},
			"users":      users,
		})
	}
	b, err := json.Marshal(file)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

func userName(n int) string { return fmt.Sprintf("person%03d", n) }

func weakHash() map[string]any {
	salt := []byte("sixteen bytes of")
	value, err := pbkdf2.Key(sha256.New, FirstPassword, salt, 1000, 64)
	if err != nil {
		panic(err) // its arguments are constants
	}
	stored, _ := json.Marshal(map[string]any{ // of strings: it cannot fail
		"value": base64.StdEncoding.EncodeToString(value), "salt": base64.StdEncoding.EncodeToString(salt),
	})
	return map[string]any{"type": "password", "secretData": string(stored),
		"credentialData": `{"hashIterations":1000,"algorithm":"pbkdf2-sha256"}`}
}

// family is what a login at a client of the realm begins.
func (r Realm) family(id, client string) history.Family {
	return history.Family{ID: id, Rotating: r.Rotating, Window: r.Window, UntilUsed: client == confidential}
}

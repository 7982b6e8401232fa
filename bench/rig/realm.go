package rig

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/crypto/argon2"
)

// The one password of all users and the client they log in with.
const (
	Password = "a password of some length"
	Client   = "anonymous"
)

// realms are the ones the measurements use: algorithm and refresh policy.
var realms = []struct {
	name, algorithm string
	rotating        bool
}{
	{"platform", "RS256", false},
	{"rs-rotating", "RS256", true},
	{"es-reusable", "ES256", false},
	{"es-rotating", "ES256", true},
}

// UserName is the name of the n-th user.
func UserName(n int) string { return fmt.Sprintf("user%06d", n) }

// WriteRealms writes a realm file in Keycloak's form with the realms above; the
// first one has all the users and the given key, so that tokens can be made here.
func WriteRealms(path string, users int, key *rsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	credential, err := hashedCredential()
	if err != nil {
		return err
	}
	var file []map[string]any
	for i, r := range realms {
		n := 128
		if i == 0 {
			n = users
		}
		realm := map[string]any{
			"realm": r.name, "enabled": true, "accessTokenLifespan": 300,
			"ssoSessionIdleTimeout": 3600, "ssoSessionMaxLifespan": 360000,
			"defaultSignatureAlgorithm": r.algorithm, "revokeRefreshToken": r.rotating,
			"clients": []any{map[string]any{
				"clientId": Client, "publicClient": true, "directAccessGrantsEnabled": true,
			}},
			"users": usersOf(n, credential),
		}
		if i == 0 {
			realm["components"] = map[string]any{"org.keycloak.keys.KeyProvider": []any{map[string]any{
				"name": "rsa", "providerId": "rsa", "config": map[string]any{
					"privateKey": []string{base64.StdEncoding.EncodeToString(der)},
					"priority":   []string{"100"}, "enabled": []string{"true"}, "active": []string{"true"},
				},
			}}}
		}
		file = append(file, realm)
	}
	b, err := json.Marshal(file)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

func usersOf(n int, credential map[string]any) []any {
	users := make([]any, n)
	for i := range users {
		users[i] = map[string]any{
			"username": UserName(i), "enabled": true, "email": UserName(i) + "@example.org", "emailVerified": true,
			"firstName": "Given", "lastName": "Family", "credentials": []any{credential},
		}
	}
	return users
}

// hashedCredential hashes the password once for all users: importing must not
// take longer than measuring.
func hashedCredential() (map[string]any, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	value := argon2.IDKey([]byte(Password), salt, 5, 7168, 1, 32)
	secret, err := json.Marshal(map[string]any{
		"value": base64.StdEncoding.EncodeToString(value), "salt": base64.StdEncoding.EncodeToString(salt),
		"additionalParameters": map[string]any{},
	})
	if err != nil {
		return nil, err
	}
	const data = `{"hashIterations":5,"algorithm":"argon2","additionalParameters":{"hashLength":["32"],"memory":["7168"],"type":["id"],"version":["1.3"],"parallelism":["1"]}}`
	return map[string]any{"type": "password", "secretData": string(secret), "credentialData": data}, nil
}

package realmfile_test

import (
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// TestFaultsHaveTheirPlace: a wrong file is refused with file, line, column,
// path and reason, all mistakes at once, in the order of the file.
func TestFaultsHaveTheirPlace(t *testing.T) {
	t.Parallel()
	const head = `{"realm": "r", "enabled": true, `
	for _, tt := range []struct{ name, file, want string }{
		{"empty", ``, `r.json:1:1: not JSON: unexpected end of JSON input`},
		{"cut off", "{\n \"realm\": ", `r.json:2:10: not JSON: unexpected end of JSON input`},
		{"trailing comma", "{\"realm\": \"r\",\n}", `r.json:2:1: not JSON: invalid character '}' looking for beginning of object key string`},
		{"two documents", `{} {}`, `r.json:1:4: not JSON: invalid character '{' after top-level value`},
		{"not UTF-8", "{\"realm\": \"\xff\"}", `r.json:1:12: the file is not UTF-8 text`},
		{"a number", `5`, `r.json:1:1: a realm file holds one realm or a list of realms`},
		{"no realms", `[]`, `r.json:1:1: the list of realms is empty`},
		{"not a realm", `[5]`, `r.json:1:2: [0]: must be an object`},
		{"twice", `{"realm": "r", "enabled": true, "realm": "s"}`, `r.json:1:33: the member "realm" is there twice`},
		{"no name", `{"enabled": true}`, `r.json:1:1: realm: a realm needs a name`},
		{"name", `{"realm": "a/b", "enabled": true}`, `r.json:1:11: realm: must not contain blanks, control characters or any of / ? # % \ ;`},
		{"name to mislead", `{"realm": "a\u202eb", "enabled": true}`, `r.json:1:11: realm: must be text without characters that cannot be seen, such as those that change the direction of writing`},
		{"realm twice", `[` + head[:len(head)-2] + `}, ` + head[:len(head)-2] + `}]`, `r.json:1:45: [1].realm: the realm r is there twice`},
		{"type", head + `"clients": 5}`, `r.json:1:44: clients: must be a list`},
		{"element", head + `"clients": [{"clientId": "a"}, 5]}`, `r.json:1:64: clients[1]: must be an object`},
		{"boolean", head + `"revokeRefreshToken": "maybe"}`, `r.json:1:55: revokeRefreshToken: must be true or false`},
		{"number", head + `"accessTokenLifespan": 1.5}`, `r.json:1:56: accessTokenLifespan: must be a whole number`},
		{"range", head + `"accessTokenLifespan": 0}`, `r.json:1:56: accessTokenLifespan: must be from 1 to 2147483647`},
		{"sslRequired", head + `"sslRequired": "sometimes"}`, `r.json:1:48: sslRequired: must be "external", "all" or "none"`},
		{"own attribute", head + `"attributes": {"usher.rotation.windo": "5"}}`, `r.json:1:72: attributes.usher.rotation.windo: no such setting; did you mean usher.rotation.window?`},
		{"own value", head + `"attributes": {"usher.rotation.window": "61"}}`, `r.json:1:73: attributes.usher.rotation.window: must be from 0 to 60 seconds`},
		{"client twice", head + `"clients": [{"clientId": "a"}, {"clientId": "a"}]}`, `r.json:1:77: clients[1].clientId: the client a is there twice`},
		{"mapper", head + `"clients": [{"clientId": "a", "protocolMappers": [{"name": "m"}]}]}`, `r.json:1:83: clients[0].protocolMappers[0].protocolMapper: a mapper needs its kind`},
		{"user twice", head + `"users": [{"username": "A", "enabled": true}, {"username": "a", "enabled": true}]}`,
			`r.json:1:92: users[1].username: the user a is there twice (upper and lower case count as one)`},
		{"address twice", head + `"users": [{"username": "a", "email": "x@y", "enabled": true}, {"username": "b", "email": "X@y", "enabled": true}]}`,
			`r.json:1:122: users[1].email: the address x@y is there twice, and duplicateEmailsAllowed is off`},
		{"group", head + `"users": [{"username": "a", "enabled": true, "groups": ["/none"]}]}`, `r.json:1:88: users[0].groups: there is no group /none`},
		{"client of role", head + `"users": [{"username": "a", "enabled": true, "clientRoles": {"none": ["r"]}}]}`, `r.json:1:93: users[0].clientRoles: there is no client none`},
		{"empty credential", head + `"users": [{"username": "a", "enabled": true, "credentials": [{"type": "password"}]}]}`,
			`r.json:1:94: users[0].credentials[0]: a password needs "value", or "secretData" with "credentialData"`},
		{"empty password", head + `"users": [{"username": "a", "enabled": true, "credentials": [{"type": "password", "value": ""}]}]}`,
			`r.json:1:124: users[0].credentials[0].value: an empty password can never be logged in with`},
		{"long password", head + `"users": [{"username": "a", "enabled": true, "credentials": [{"value": "` + strings.Repeat("p", 1025) + `"}]}]}`,
			`r.json:1:104: users[0].credentials[0].value: a password of 1025 bytes can never be logged in with: at most 1024 are hashed`},
		{"name is another's address", head + `"users": [{"username": "X@y", "enabled": true}, {"username": "b", "email": "x@y", "enabled": true}]}`,
			`r.json:1:108: users[1].email: the address x@y is the name of another user, and loginWithEmailAllowed is on`},
		{"address is another's name", head + `"users": [{"username": "b", "email": "x@y", "enabled": true}, {"username": "x@y", "email": "z@y", "enabled": true}]}`,
			`r.json:1:108: users[1].username: the name x@y is the e-mail address of user b, and loginWithEmailAllowed is on`},
		{"member", head + `"videoManagers": [{"id": 1, "name": "v", "members": ["x"]}]}`, `r.json:1:85: videoManagers[0].members: there is no user x`},
		{"number for a name", head + `"users": [{"username": 5, "enabled": true}]}`, `r.json:1:56: users[0].username: must be a string`},
		{"member twice", head + `"users": [{"username": "a", "enabled": true}], "videoManagers": [{"id": 1, "name": "v", "members": ["a", "A"]}]}`,
			`r.json:1:132: videoManagers[0].members: the user a is there twice`},
		{"no UUID", head + `"videoManagers": [{"id": 1, "name": "v", "uuid": "zz"}]}`,
			`r.json:1:82: videoManagers[0].uuid: must be a UUID such as 0b9b4cf2-5a0c-4f5e-9a3e-1d2f3a4b5c6d`},
		{"no id", head + `"videoManagers": [{"name": "v"}]}`, `r.json:1:51: videoManagers[0].id: a VideoManager needs a numeric id`},
		{"key", head + `"components": {"org.keycloak.keys.KeyProvider": [{"providerId": "rsa", "config": {"privateKey": ["AAAA"]}}]}}`,
			`r.json:1:114: components.org.keycloak.keys.KeyProvider[0].config: the private key is neither PKCS#8 nor PKCS#1 nor SEC 1`},
		{"several", "{\"realm\": \"\",\n\"enabled\": 3,\n\"users\": [{}]}",
			"r.json:1:11: realm: a realm needs a name\nr.json:2:12: enabled: must be true or false\nr.json:3:11: users[0].username: a user needs a username"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := realmfile.Parse("r.json", []byte(tt.file))
			if err == nil {
				t.Fatal("taken")
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
}

// TestWrongHashes: a hash that no login could ever verify is found at import.
func TestWrongHashes(t *testing.T) {
	t.Parallel()
	const file = `{"realm": "r", "enabled": true, "users": [{"username": "a", "enabled": true, "credentials": [%]}]}`
	for name, tt := range map[string]struct{ credential, path string }{
		"secretData":   {`{"type": "password", "secretData": "no JSON", "credentialData": "{\"hashIterations\":5,\"algorithm\":\"argon2\"}"}`, "users[0].credentials[0]."},
		"no algorithm": {`{"type": "password", "secretData": "{\"value\":\"AAAA\",\"salt\":\"AAAA\"}", "credentialData": "{\"hashIterations\":5}"}`, "users[0].credentials[0]."},
		"flat value":   {`{"type": "password", "hashedSaltedValue": "no base64", "salt": "AAAA", "hashIterations": 1, "algorithm": "pbkdf2"}`, "users[0].credentials[0].hashedSaltedValue"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := realmfile.Parse("r.json", []byte(strings.Replace(file, "%", tt.credential, 1)))
			if err == nil || !strings.Contains(err.Error(), tt.path) {
				t.Errorf("got %v, want a fault at %s", err, tt.path)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	if err := realmfile.ParseTree([]byte(deep(32))); err != nil {
		t.Errorf("32 levels: %v", err)
	}
	if err := realmfile.ParseTree([]byte(deep(33))); err == nil || err.Error() != "nested deeper than 32 levels" {
		t.Errorf("33 levels: %v", err)
	}
	if err := realmfile.ParseTree(make([]byte, realmfile.MaxBytes+1)); err == nil || err.Error() != "the file is larger than 64 MiB" {
		t.Errorf("64 MiB and a byte: %v", err)
	}
	if err := realmfile.ReadTree([]byte(`[1,{"a":2}]`), 4); err != nil {
		t.Errorf("four values of four: %v", err)
	}
	if err := realmfile.ReadTree([]byte(`[1,{"a":2},3]`), 4); err == nil || err.Error() != "the file holds more than 4 values" {
		t.Errorf("five values of four: %v", err)
	}
}

func TestByteOrderMarkIsHarmless(t *testing.T) {
	t.Parallel()
	if _, _, err := realmfile.Parse("r.json", []byte("\xef\xbb\xbf"+`{"realm": "r"}`)); err != nil {
		t.Error(err)
	}
}

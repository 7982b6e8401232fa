package realmfile_test

import (
	"os"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// FuzzParse: no file makes the reader panic, every refusal names a place, and
// what is taken has names that can be stored.
func FuzzParse(f *testing.F) {
	export, err := os.ReadFile("testdata/keycloak-export.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(export)
	for _, s := range []string{
		`{"realm":"r"}`, `[{"realm":"r","id":"1"},{"realm":"s"}]`, `{"realm":"r","users":[{"username":"a","credentials":[{"value":"p"}]}]}`,
		`{"realm":"r","users":[{"username":"a","credentials":[{"hashedSaltedValue":"AAAA","salt":"AAAA","hashIterations":1}]}]}`,
		`{"realm":"r","clients":[{"clientId":"c","rootUrl":"http://h/x"}],"scopeMappings":[{"client":"c","roles":["x"]}]}`,
		`{"realm":"r","components":{"org.keycloak.keys.KeyProvider":[{"providerId":"hmac-generated","config":{"secret":["AA"],"algorithm":["HS512"]}}]}}`,
		`{"realm":"r","groups":[{"name":"g","subGroups":[{"name":"h"}]}],"roles":{"client":{"c":[{"name":"x"}]}}}`,
		`{"realm":"r","videoManagers":[{"id":1,"name":"v","configuration":{"a":[1,2]},"members":["a"]}]}`,
		`{"realm":null,"attributes":{"usher.guessing":"off"}}`, `[`, `{"a":`, "\xff", `"x"`, `{"realm":{}}`, `{"users":[[]]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		drafts, _, err := realmfile.Parse("r.json", data)
		if err != nil {
			faults, ok := err.(realmfile.Faults) // the contract is the type
			if !ok || len(faults) == 0 {
				t.Fatalf("a refusal without a place: %v", err)
			}
			for _, one := range faults {
				if one.Line < 1 || one.Column < 1 || one.Text == "" {
					t.Fatalf("a fault without a place: %+v", one)
				}
			}
			return
		}
		for i := range drafts {
			checkNames(t, &drafts[i])
		}
	})
}

func checkNames(t *testing.T, d *realmfile.Draft) {
	t.Helper()
	if d.Realm.Name == "" {
		t.Fatal("a realm without a name")
	}
	for _, u := range d.Users {
		if u.Username == "" {
			t.Fatal("a user without a name")
		}
	}
	for _, c := range d.Clients {
		if c.ClientID == "" {
			t.Fatal("a client without a clientId")
		}
	}
}

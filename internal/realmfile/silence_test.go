package realmfile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// warned is a file's first realm with its warnings.
func warned(t *testing.T, text string) (realmfile.Draft, string) {
	t.Helper()
	drafts, warnings, err := realmfile.Parse("r.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]string, len(warnings))
	for i, w := range warnings {
		lines[i] = w.String()
	}
	return drafts[0], strings.Join(lines, "\n")
}

// TestClientKindIsNeverGuessedOpen: a client that has something to prove is not
// made public by silence.
func TestClientKindIsNeverGuessedOpen(t *testing.T) {
	t.Parallel()
	for client, want := range map[string]struct {
		public bool
		reason string
	}{
		`"name": "x"`:                               {true, ""},
		`"secret": ""`:                              {true, ""},
		`"serviceAccountsEnabled": false`:           {true, ""},
		`"secret": "s"`:                             {false, "because of secret"},
		`"secret": "**********"`:                    {false, "because of secret"},
		`"serviceAccountsEnabled": true`:            {false, "because of serviceAccountsEnabled"},
		`"clientAuthenticatorType": "client-jwt"`:   {false, "because of clientAuthenticatorType"},
		`"secret": "s", "publicClient": true`:       {true, ""},
		`"secret": "s", "publicClient": false`:      {false, ""},
		`"secret": "s", "publicClient": null`:       {false, "because of secret"},
		`"secret": "s", "bearerOnly": true`:         {false, ""},
		`"clientAuthenticatorType": ""`:             {true, ""},
		`"publicClient": true, "bearerOnly": false`: {true, ""},
	} {
		d, warnings := warned(t, `{"realm": "r", "enabled": true, "clients": [{"clientId": "c", `+client+`}]}`)
		if d.Clients[0].Public != want.public {
			t.Errorf("%s: public %v", client, d.Clients[0].Public)
		}
		if named := strings.Contains(warnings, "clients[*].publicClient: absent: taken for false "+want.reason); named != (want.reason != "") {
			t.Errorf("%s: warnings %q", client, warnings)
		}
	}
}

// TestPasswordLengths: the longest password that a login hashes is taken.
func TestPasswordLengths(t *testing.T) {
	t.Parallel()
	d := parse(t, `{"realm": "r", "users": [{"username": "a", "credentials": [{"value": "`+strings.Repeat("p", 1024)+`"}]},
		{"username": "b", "credentials": [{"value": "", "hashedSaltedValue": "Zk3iRbOkT6X7e6J6KA+dHOzq0AxvxYxW0NHzy7lhNJ8=", "salt": "AAECAwQFBgcICQoLDA0ODw==", "hashIterations": 27500, "algorithm": "pbkdf2-sha256"}]}]}`)
	if u := d.Users[0]; u.Plain == nil || len(*u.Plain) != 1024 {
		t.Errorf("%+v", u)
	}
	if u := d.Users[1]; u.Plain != nil || u.Password == nil {
		t.Errorf("an empty value beside a hash: %+v", u)
	}
}

// TestNamesAndAddresses: only a login by address makes them one space.
func TestNamesAndAddresses(t *testing.T) {
	t.Parallel()
	parse(t, `{"realm": "r", "users": [{"username": "x@y", "email": "x@y"}]}`)
	parse(t, `{"realm": "r", "loginWithEmailAllowed": false, "users": [{"username": "x@y"}, {"username": "b", "email": "x@y"}]}`)
}

// TestAttributesAreNamed: what a file asks for by an attribute and does not get
// stands in a warning, what holds anyway does not.
func TestAttributesAreNamed(t *testing.T) {
	t.Parallel()
	_, warnings := warned(t, `{"realm": "r", "enabled": true, "attributes": {"frontendUrl": "https://login.example.org", "clientSessionIdleTimeout": "0", "empty": ""},
	"clients": [{"clientId": "c", "attributes": {
		"client_credentials.use_refresh_token": "true", "acr.loa.map": "{}", "oauth2.device.authorization.grant.enabled": "false", "logoUri": "https://x",
		"access.token.signed.response.alg": "HS256", "id.token.signed.response.alg": "ES256", "client.secret.creation.time": "17"}}],
	"clientScopes": [{"name": "s", "attributes": {"include.in.token.scope": "true", "gui.order": "2"}}]}`)
	const notUsed = "kept, but not used by this release (line "
	want := strings.Join([]string{
		"attributes.frontendUrl: " + notUsed + "1)",
		"clientScopes[*].attributes.gui.order: " + notUsed + "5)",
		"clients[*].attributes.client_credentials.use_refresh_token: " + notUsed + "3)",
		"clients[*].attributes.logoUri: " + notUsed + "3)",
		"clients[*].attributes.access.token.signed.response.alg: HS256 is not supported, the realm's algorithm is used instead (line 4)",
	}, "\n")
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Error(diff)
	}
}

// TestSecondFactorsAreNamed: who had one is never let in without it, and the
// file's warning says what becomes of such users. Old exports name it totp.
func TestSecondFactorsAreNamed(t *testing.T) {
	t.Parallel()
	for credential, want := range map[string]struct {
		second         bool
		reason, hidden string
	}{
		`{"type": "otp", "secretData": "{\"value\":\"seed\"}", "credentialData": "{\"subType\":\"totp\"}"}`: {true, "type otp is kept", `{"subType":"totp"}`},
		`{"type": "totp", "hashedSaltedValue": "seed", "digits": 8, "period": 60, "counter": 0, "algorithm": "HmacSHA256"}`: {true, "type otp is kept",
			`{"algorithm":"HmacSHA256","counter":0,"digits":8,"period":60,"subType":"totp"}`},
		`{"type": "hotp", "value": "seed", "counter": 3}`:                                               {true, "type otp is kept", `{"algorithm":"HmacSHA1","counter":3,"digits":6,"period":30,"subType":"hotp"}`},
		`{"type": "webauthn", "secretData": "{}", "credentialData": "{\"aaguid\":\"x\"}"}`:              {true, "type webauthn is kept", `{"aaguid":"x"}`},
		`{"type": "recovery-authn-codes", "secretData": "{}", "credentialData": "{\"totalCodes\":12}"}`: {false, "type recovery-authn-codes is kept", `{"totalCodes":12}`},
	} {
		d, warnings := warned(t, `{"realm": "r", "enabled": true, "users": [{"username": "a", "enabled": true, "credentials": [`+credential+`]}]}`)
		u := d.Users[0]
		if u.SecondFactor() != want.second || len(u.Other) != 1 || u.Other[0].CredentialData != want.hidden || u.Password != nil {
			t.Errorf("%s: %+v", credential, u.Other)
		}
		if !strings.Contains(warnings, want.reason) || strings.Contains(warnings, "so not at all") != want.second {
			t.Errorf("%s: warnings %q", credential, warnings)
		}
	}
}

// TestUnusableKeysAreKept: a key that is too short, missing or without a signer
// is named and kept, and the realm's algorithms are asked for without it.
func TestUnusableKeysAreKept(t *testing.T) {
	t.Parallel()
	const text = `{"realm": "r", "enabled": true, "defaultSignatureAlgorithm": "EdDSA", "clients": [
	{"clientId": "a", "attributes": {"access.token.signed.response.alg": "ES256", "id.token.signed.response.alg": "ES384"}},
	{"clientId": "b", "attributes": {"access.token.signed.response.alg": "ES256", "id.token.signed.response.alg": "HS256"}},
	{"clientId": "off", "enabled": false, "attributes": {"access.token.signed.response.alg": "ES512"}},
	{"clientId": "saml", "protocol": "saml", "attributes": {"access.token.signed.response.alg": "PS256"}}],
	"components": {"org.keycloak.keys.KeyProvider": [
	{"providerId": "hmac-generated-hs512", "config": {"kid": ["short"], "secret": ["AAAA"], "priority": ["5"]}},
	{"providerId": "hmac-generated", "config": {"kid": ["old"], "secret": ["AAAA"]}},
	{"providerId": "rsa-generated", "config": {"priority": ["100"]}}]}}`
	d, warnings := warned(t, text)
	for _, part := range []string{
		"KeyProvider[*].config: without usable key material, which is kept, but not used by this release: a new key is made where one is needed (2 times",
		"KeyProvider[*].providerId: keys for HS256 are kept, but not used",
	} {
		if !strings.Contains(warnings, part) {
			t.Errorf("warnings %q lack %q", warnings, part)
		}
	}
	if kept := string(d.Realm.Kept["keyComponents/hmac-generated-hs512"]); !strings.Contains(kept, `"AAAA"`) {
		t.Errorf("the short secret is not kept: %q", kept)
	}
	if diff := cmp.Diff([]string{"EdDSA", "HS512", "ES256", "ES384", "ES256", "ES512"}, d.Algorithms()); diff != "" {
		t.Error(diff)
	}
}

// TestUsedKeysAreNotKeptTwice: the material of a key is in its row alone, so
// that it ends with the key.
func TestUsedKeysAreNotKeptTwice(t *testing.T) {
	t.Parallel()
	d := parse(t, export(t))
	if len(d.Keys) == 0 || d.Keys[0].Private == nil {
		t.Fatal("no key at all")
	}
	kept := string(d.Realm.Kept["keys/"+d.Keys[0].KID])
	if !strings.Contains(kept, `"name":"rsa-generated"`) || strings.Contains(kept, "MII") {
		t.Errorf("kept of a used key: %s", kept)
	}
}

// TestOldMembersAreNamed: what old exports carry is accepted and named.
func TestOldMembersAreNamed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"applications", "oauthClients", "defaultRoles", "clientTemplates", "requiredCredentials", "userFederationProviders"} {
		d, warnings := warned(t, `{"realm": "r", "enabled": true, "`+name+`": ["x"]}`)
		if want := name != "requiredCredentials"; strings.HasPrefix(warnings, name+": kept, but not used") != want || d.Realm.Kept[name] == nil {
			t.Errorf("%s: %q, kept %s", name, warnings, d.Realm.Kept[name])
		}
	}
	for _, name := range []string{"applicationRoles", "socialProviders", "applicationScopeMappings"} {
		if _, warnings := warned(t, `{"realm": "r", "enabled": true, "`+name+`": {"x": "y"}}`); !strings.HasPrefix(warnings, name+": kept, but not used") {
			t.Errorf("%s: %q", name, warnings)
		}
	}
	d, warnings := warned(t, `{"realm": "r", "enabled": true, "bruteForceProtected": false, "failureFactor": 3}`)
	if d.Realm.Kept["failureFactor"] == nil || !strings.Contains(warnings, "Usher's own policy applies") || strings.Contains(warnings, "failureFactor") {
		t.Errorf("kept %s, %q", d.Realm.Kept, warnings)
	}
}

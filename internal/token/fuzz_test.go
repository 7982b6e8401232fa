package token_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/token/tokentest"
)

// fuzzRealm has fixed keys, so that a corpus keeps its meaning: HS512 under the
// kid "h". The other algorithms differ only in the last step.
func fuzzRealm() (*token.Realm, func(header, payload string) string) {
	secret := []byte(strings.Repeat("0123456789abcdef", 4))
	r := &token.Realm{
		RealmConfig: &iam.RealmConfig{Realm: iam.Realm{Name: "fuzz"}},
		Issuer:      tokentest.Issuer,
		Keys:        token.Keyring{Verify: map[string]token.VerifyKey{"h": {KID: "h", Alg: "HS512", Secret: secret}}},
	}
	r.Keys.Signing = map[string]token.SigningKey{"HS512": {KID: "h", Alg: "HS512"}}
	sign := func(header, payload string) string {
		raw, err := token.SignHMAC512(secret, header, payload)
		if err != nil {
			return ""
		}
		return raw
	}
	return r, sign
}

const (
	goodHeader  = `{"alg":"HS512","typ" : "JWT","kid" : "h"}`
	goodPayload = `{"exp":2000000000,"iat":1700000000,"jti":"j","iss":"i","aud":["a"],"sub":"s","typ":"Refresh","azp":"c","sid":"x","scope":"openid","reuse_id":"f","gen":1}`
)

// FuzzParse: what Parse accepts, go-jose and golang-jwt accept with the same
// payload, and encoding it again gives the same bytes.
func FuzzParse(f *testing.F) {
	r, sign := fuzzRealm()
	valid := sign(goodHeader, goodPayload)
	f.Add(valid)
	cases, err := tokentest.Hostile(tokentest.Input{Valid: valid, JWKS: []byte(`{"keys":[]}`), Rand: rand.Reader, Sign: sign})
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range cases {
		if len(c.Token) <= token.MaxSize {
			f.Add(c.Token)
		}
	}
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := r.Parse(raw)
		if err != nil {
			if !refusal(err) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		checkAccepted(t, r, raw, c)
	})
}

// FuzzSigned lets the fuzzer write header and payload, and signs them well:
// the parser behind the signature gets the same treatment.
func FuzzSigned(f *testing.F) {
	r, sign := fuzzRealm()
	f.Add(goodHeader, goodPayload)
	record := func(header, payload string) string { f.Add(header, payload); return sign(header, payload) }
	if _, err := tokentest.Hostile(tokentest.Input{Valid: sign(goodHeader, goodPayload), JWKS: []byte(`{"keys":[]}`), Rand: rand.Reader, Sign: record}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header, payload string) {
		raw := sign(header, payload)
		c, err := r.Parse(raw)
		if err != nil {
			if !refusal(err) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		checkAccepted(t, r, raw, c)
	})
}

func checkAccepted(t *testing.T, r *token.Realm, raw string, c *token.Claims) {
	t.Helper()
	payload, err := joseVerify(r, raw, "HS512")
	if err != nil || string(payload) != string(c.Payload) {
		t.Fatalf("we accept what go-jose refuses: %v\n%s", err, raw)
	}
	if err := golangJWT(r, raw, "HS512"); err != nil {
		t.Fatalf("we accept what golang-jwt refuses: %v\n%s", err, raw)
	}
	parts := strings.Split(raw, ".")
	for i, p := range parts {
		b, err := base64.RawURLEncoding.DecodeString(p)
		if err != nil || base64.RawURLEncoding.EncodeToString(b) != p {
			t.Fatalf("part %d is not canonical: %v", i, err)
		}
	}
	// Another reader of the payload sees what we see.
	var exact map[string]any
	if err := json.Unmarshal(c.Payload, &exact); err != nil {
		t.Fatalf("encoding/json refuses the payload: %v", err)
	}
	for name, ours := range map[string]string{"iss": c.Issuer, "sub": c.Subject, "typ": string(c.Type), "sid": c.SessionID, "jti": c.ID} {
		if theirs, _ := exact[name].(string); theirs != ours {
			t.Fatalf("%s is %q to us and %q to others", name, ours, theirs)
		}
	}
}

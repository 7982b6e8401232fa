package token_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/token/tokentest"
)

func TestAccessTokenText(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	r.Realm.ClientRoles = map[string][]iam.Role{"account": {{Name: "view-profile"}, {Name: "manage-account"}}}
	r.Realm.Roles[0].Client = map[string][]string{"account": {"manage-account", "view-profile"}}
	r.Clients["anonymous"].WebOrigins = []string{"https://app.example"}
	raw := mustAccess(t, newSubject(t, r, "openid"))
	kid := r.Keys.Signing["RS256"].KID
	if got, want := part(t, raw, 0), `{"alg":"RS256","typ" : "JWT","kid" : "`+kid+`"}`; got != want {
		t.Errorf("header %s\nwant   %s", got, want)
	}
	want := `{"exp":1772601067,"iat":1772600767,"jti":"jti-1","iss":"https://login.example/auth/realms/platform",` +
		`"aud":["account","video-api"],"sub":"8c5a3f0e-7b1d-4c6e-9a52-0f3d1e2b4c67","typ":"Bearer","azp":"anonymous",` +
		`"session_state":"session-1","sid":"session-1","acr":"1","allowed-origins":["https://app.example"],` +
		`"realm_access":{"roles":["default-roles-platform","offline_access","uma_authorization"]},` +
		`"resource_access":{"account":{"roles":["manage-account","view-profile"]}},"scope":"openid profile email",` +
		`"reuse_id":"family-1","gen":3,"name":"Jane Doe","preferred_username":"jane@example.com","given_name":"Jane",` +
		`"family_name":"Doe","email":"jane@example.com","email_verified":true}`
	if got := part(t, raw, 1); got != want {
		t.Errorf("payload %s\nwant    %s", got, want)
	}
}

func TestIDTokenText(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	s := newSubject(t, r, "openid")
	s.AuthTime = 1772600000
	raw, err := token.ID(s, "the access token", 1772601067, "n \"1\"")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("the access token"))
	want := `{"exp":1772601067,"iat":1772600767,"auth_time":1772600000,"jti":"jti-1",` +
		`"iss":"https://login.example/auth/realms/platform","aud":"anonymous","sub":"8c5a3f0e-7b1d-4c6e-9a52-0f3d1e2b4c67",` +
		`"typ":"ID","azp":"anonymous","nonce":"n \"1\"","session_state":"session-1","sid":"session-1","at_hash":"` +
		base64.RawURLEncoding.EncodeToString(sum[:16]) + `","acr":"1","name":"Jane Doe","preferred_username":"jane@example.com",` +
		`"given_name":"Jane","family_name":"Doe","email":"jane@example.com","email_verified":true}`
	if got := part(t, raw, 1); got != want {
		t.Errorf("payload %s\nwant    %s", got, want)
	}
}

func TestAccessHashBelongsToTheAlgorithm(t *testing.T) {
	t.Parallel()
	half := func(sum []byte) string { return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]) }
	s256, s384, s512 := sha256.Sum256([]byte("access")), sha512.Sum384([]byte("access")), sha512.Sum512([]byte("access"))
	for alg, want := range map[string]string{
		"RS256": half(s256[:]), "PS256": half(s256[:]), "ES256": half(s256[:]), "ES384": half(s384[:]),
		"ES512": half(s512[:]), "RS512": half(s512[:]), "EdDSA": half(s512[:]),
	} {
		if got := claimsOf(t, mustID(t, newSubject(t, newRealm(t, alg), "openid")))["at_hash"]; got != want {
			t.Errorf("%s: at_hash %v, want %s", alg, got, want)
		}
	}
}

func TestRefreshTokenText(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	raw := mustRefresh(t, refreshSubject(r, ""))
	want := `{"exp":1772604367,"iat":1772600767,"jti":"jti-r","iss":"https://login.example/auth/realms/platform",` +
		`"aud":"https://login.example/auth/realms/platform","sub":"8c5a3f0e-7b1d-4c6e-9a52-0f3d1e2b4c67","typ":"Refresh",` +
		`"azp":"anonymous","session_state":"session-1","sid":"session-1","scope":"openid profile email","reuse_id":"family-1","gen":3}`
	if got := part(t, raw, 1); got != want {
		t.Errorf("payload %s\nwant    %s", got, want)
	}
}

func TestSessionStateClaimSwitch(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	r.Realm.NoSessionStateClaim = true
	s := newSubject(t, r, "openid")
	for _, raw := range []string{mustAccess(t, s), mustID(t, s), mustRefresh(t, refreshSubject(r, ""))} {
		c := claimsOf(t, raw)
		if c["session_state"] != nil || c["sid"] != "session-1" {
			t.Errorf("session_state %v, sid %v", c["session_state"], c["sid"])
		}
	}
}

func TestServiceAccountClaims(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	s := newSubject(t, r, "")
	s.ServiceAccount, s.Address, s.SessionID, s.FamilyID, s.Gen = true, "192.0.2.7", "", "", 0
	c := claimsOf(t, mustAccess(t, s))
	if c["client_id"] != "anonymous" || c["clientHost"] != "192.0.2.7" || c["clientAddress"] != "192.0.2.7" {
		t.Errorf("claims %v", c)
	}
	for _, name := range []string{"sid", "session_state", "reuse_id", "gen"} {
		if c[name] != nil {
			t.Errorf("a sessionless token has %s", name)
		}
	}
}

// F12 (RFC 9068 sections 2, 4): a client may have its own algorithms, and
// at+jwt with the claims that go with it.
func TestF12_ClientAlgorithmsAndHeaderType(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	r.Clients["anonymous"].Attributes = map[string]string{
		"access.token.signed.response.alg": "ES256", "id.token.signed.response.alg": "PS256", "access.token.header.type.rfc9068": "true",
	}
	s := newSubject(t, r, "openid")
	access, id := mustAccess(t, s), mustID(t, s)
	if h := part(t, access, 0); !strings.Contains(h, `"ES256","typ" : "at+jwt"`) {
		t.Errorf("access header %s", h)
	}
	if claimsOf(t, access)["client_id"] != "anonymous" {
		t.Error("at+jwt without client_id (RFC 9068 §2.2)")
	}
	if h := part(t, id, 0); !strings.Contains(h, `"PS256","typ" : "JWT"`) {
		t.Errorf("ID header %s", h)
	}
	r = newRealm(t, "EdDSA")
	r.Clients["anonymous"].Attributes = map[string]string{"access.token.signed.response.alg": "ES256"}
	r.Keys.Signing = map[string]token.SigningKey{"EdDSA": r.Keys.Signing["EdDSA"]}
	if raw, _, err := token.Access(newSubject(t, r, ""), 1); !errors.Is(err, token.ErrNoKey) || !strings.Contains(err.Error(), "ES256") {
		t.Errorf("a client's algorithm without a key: %v, %s", err, raw)
	}
	// HMAC is for refresh tokens alone: nobody else could verify.
	r = newRealm(t, "HS512")
	r.Clients["anonymous"].Attributes = map[string]string{"access.token.signed.response.alg": "HS256"}
	if h := part(t, mustAccess(t, newSubject(t, r, "")), 0); !strings.Contains(h, `"RS256"`) {
		t.Errorf("header %s", h)
	}
}

func TestMissingKey(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	empty := &token.Realm{RealmConfig: r.RealmConfig, Issuer: r.Issuer}
	s := newSubject(t, empty, "openid")
	if _, _, err := token.Access(s, 1); !errors.Is(err, token.ErrNoKey) {
		t.Errorf("access: %v", err)
	}
	if _, err := token.ID(s, "", 1, ""); !errors.Is(err, token.ErrNoKey) {
		t.Errorf("ID: %v", err)
	}
	for _, kid := range []string{"", "unknown"} {
		rs := refreshSubject(empty, "")
		rs.KeyID = kid
		if _, err := token.Refresh(rs); !errors.Is(err, token.ErrNoKey) {
			t.Errorf("refresh: %v", err)
		}
	}
	rs := refreshSubject(r, "")
	rs.KeyID = r.Keys.Signing["RS256"].KID
	if _, err := token.Refresh(rs); !errors.Is(err, token.ErrNoKey) {
		t.Errorf("a refresh token by an RSA key: %v", err)
	}
}

func TestSignerFailure(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	r.Keys = token.Keyring{Signing: map[string]token.SigningKey{"RS256": {KID: "k", Alg: "RS256", Signer: failing{}}}}
	if _, _, err := token.Access(newSubject(t, r, ""), 1); !errors.Is(err, errFailing) {
		t.Errorf("error %v", err)
	}
}

type failing struct{}

var errFailing = errors.New("no signature today")

func (failing) Sign([]byte) ([]byte, error) { return nil, errFailing }

// Equal rows give equal bytes, whichever key is active by then; any difference
// in a row shows.
func TestRefreshIsDeterministic(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	active := r.Keys.Signing["HS512"].KID
	rotated := &token.Realm{RealmConfig: r.RealmConfig, Issuer: r.Issuer, Keys: token.Keyring{Verify: r.Keys.Verify}}
	rapid.Check(t, func(t *rapid.T) {
		s := token.RefreshSubject{
			Realm: r, KeyID: active, JTI: rapid.String().Draw(t, "jti"), ClientID: "c" + rapid.String().Draw(t, "client"),
			UserID: rapid.String().Draw(t, "user"), SessionID: rapid.String().Draw(t, "session"), FamilyID: rapid.String().Draw(t, "family"),
			Gen: rapid.Int64Range(0, 1<<30).Draw(t, "gen"), Scope: rapid.String().Draw(t, "scope"),
			IssuedAt: rapid.Int64Range(1, 1<<33).Draw(t, "iat"), ExpiresAt: rapid.Int64Range(1, 1<<33).Draw(t, "exp"),
		}
		first, err := token.Refresh(s)
		if err != nil {
			t.Fatal(err)
		}
		s.Realm = rotated
		second, err := token.Refresh(s)
		if err != nil || first != second {
			t.Fatalf("two tokens of one row differ: %v", err)
		}
		c, err := r.Parse(first, token.KindRefresh)
		if err != nil {
			t.Fatal(err)
		}
		if c.ID != s.JTI || c.AuthorizedParty != s.ClientID || c.Subject != s.UserID || c.SessionID != s.SessionID ||
			c.Family != s.FamilyID || c.Gen != s.Gen || c.Scope != s.Scope || c.IssuedAt != s.IssuedAt || c.ExpiresAt != s.ExpiresAt {
			t.Fatalf("read back as %+v, want %+v", c, s)
		}
		s.Gen++
		if other, err := token.Refresh(s); err != nil || other == first {
			t.Fatal("the generation does not show")
		}
	})
}

func TestFamilyJTI(t *testing.T) {
	t.Parallel()
	key := token.VerifyKey{Secret: []byte("0123456789abcdef")}
	one := token.FamilyJTI(key, "family", 1, []byte("salt"))
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(one) {
		t.Errorf("%s is no UUID of version 8", one)
	}
	if one != token.FamilyJTI(key, "family", 1, []byte("salt")) {
		t.Error("not deterministic")
	}
	for name, other := range map[string]string{
		"key":        token.FamilyJTI(token.VerifyKey{Secret: []byte("x")}, "family", 1, []byte("salt")),
		"family":     token.FamilyJTI(key, "familz", 1, []byte("salt")),
		"generation": token.FamilyJTI(key, "family", 2, []byte("salt")),
		"salt":       token.FamilyJTI(key, "family", 1, []byte("salu")),
		"boundary":   token.FamilyJTI(key, "familys", 1, []byte("alt")),
	} {
		if other == one {
			t.Errorf("the %s does not count", name)
		}
	}
}

// Whatever a person is called, tokens stay readable and say exactly that.
func TestNamesSurvive(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "EdDSA")
	base := newSubject(t, r, "openid")
	rapid.Check(t, func(t *rapid.T) {
		s, u := base, *tokentest.User()
		u.Username, u.Email = rapid.String().Draw(t, "username"), rapid.StringMatching(`[\x00-\x7f"\\]*`).Draw(t, "email")
		s.User, s.NewID = &u, func() string { return "j" }
		raw, _, err := token.Access(s, at.Unix()+300)
		if err != nil {
			t.Fatal(err)
		}
		c, err := r.Parse(raw, token.KindAccess)
		if err != nil || c.Username != u.Username || c.Email != u.Email {
			t.Fatalf("%q and %q became %+v, %v", u.Username, u.Email, c, err)
		}
	})
}

func TestInvalidUTF8IsReplaced(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "EdDSA")
	s := newSubject(t, r, "openid")
	s.User.FirstName = "a\xffb\xc3"
	c, err := r.Parse(mustAccess(t, s))
	if err != nil || c.Name != "a\ufffdb\ufffd Doe" {
		t.Errorf("%q, %v", c.Name, err)
	}
}

func TestTokensAreMintedAtTheirTime(t *testing.T) {
	t.Parallel()
	s := newSubject(t, newRealm(t, "EdDSA"), "")
	s.At = time.Unix(1000, 999_999_999)
	raw, jti, err := token.Access(s, 1300)
	if c := claimsOf(t, raw); err != nil || c["iat"] != 1000.0 || c["exp"] != 1300.0 || c["jti"] != jti {
		t.Errorf("%v, %v", c, err)
	}
}

// The first tokens of a snapshot are made at once by many: all see one realm.
func TestFirstTokensInParallel(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "EdDSA")
	want := part(t, mustAccess(t, newSubject(t, newRealm(t, "EdDSA"), "openid")), 1)
	var group sync.WaitGroup
	for range 16 {
		s := newSubject(t, r, "openid")
		group.Go(func() {
			raw, _, err := token.Access(s, s.At.Unix()+300)
			if err != nil {
				t.Error(err)
			} else if got := part(t, raw, 1); got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
		})
	}
	group.Wait()
}

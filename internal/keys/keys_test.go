package keys_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/keys"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/token"
)

var made = time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)

func newSealer(t *testing.T) *secret.Sealer {
	t.Helper()
	s, err := secret.NewSealer(secret.NewMasterKey())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newMaker(t *testing.T) (*keys.Maker, *secret.Sealer) {
	t.Helper()
	s := newSealer(t)
	return &keys.Maker{Sealer: s, NewID: secret.NewID, Rand: rand.Reader, CommonName: func(id string) string { return "name of " + id }}, s
}

// rsaKey is made once: it takes a while.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func mustRSA(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	k, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestGenerateAndOpen(t *testing.T) {
	t.Parallel()
	m, sealer := newMaker(t)
	for _, alg := range []string{"RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "HS512", "HS256"} {
		row, err := m.Generate("realm", alg, made)
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		if row.Algorithm != alg || row.Status != iam.KeyActive || row.Priority != keys.DefaultRank || row.RealmID != "realm" ||
			row.CreatedAt != made.UnixMilli() || row.ID == "" || row.KID == "" {
			t.Errorf("%s: row %+v", alg, row)
		}
		ring, _, public, err := keys.Open([]iam.Key{row}, sealer, rand.Reader)
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		s, v := ring.Signing[alg], ring.Verify[row.KID]
		if s.KID != row.KID || s.Alg != alg || v.KID != row.KID || v.Alg != alg {
			t.Errorf("%s: signing %+v, verify %+v", alg, s, v)
		}
		hmac := strings.HasPrefix(alg, "HS")
		if (v.Public == nil) != hmac || (len(v.Secret) == keys.HMACBytes) != hmac {
			t.Errorf("%s: a public half where none belongs, or none where one does", alg)
		}
		if (public != "") != (strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS")) {
			t.Errorf("%s: the realm's public key is %q", alg, public)
		}
		if !hmac && row.KID != keys.KID(row.Public) {
			t.Errorf("%s: kid %s is not the hash of the public key", alg, row.KID)
		}
		checkSignature(t, alg, row.KID, s, v)
	}
	if _, err := m.Generate("realm", "none", made); !errors.Is(err, keys.ErrKey) {
		t.Errorf("a key for none: %v", err)
	}
}

// checkSignature lets go-jose check a hundred signatures, since r and s of an
// ECDSA signature begin with a zero byte now and then.
func checkSignature(t *testing.T, alg, kid string, s token.SigningKey, v token.VerifyKey) {
	t.Helper()
	times := 100
	if strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS") {
		times = 3
	}
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + alg + `","kid":"` + kid + `"}`))
	for i := range times {
		input := head + "." + base64.RawURLEncoding.EncodeToString([]byte{byte(i)})
		sig, err := s.Signer.Sign([]byte(input))
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		jws, err := jose.ParseSignedCompact(input+"."+base64.RawURLEncoding.EncodeToString(sig), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		var key any = v.Public
		if v.Public == nil {
			key = v.Secret
		}
		if _, err := jws.Verify(key); err != nil {
			t.Errorf("%s: go-jose refuses signature %d of %d bytes: %v", alg, i, len(sig), err)
		}
	}
}

func TestSealedUnderItsPlace(t *testing.T) {
	t.Parallel()
	m, sealer := newMaker(t)
	row, err := m.Generate("realm", "HS512", made)
	if err != nil {
		t.Fatal(err)
	}
	open := func(change func(*iam.Key), o keys.Opener) error {
		k := row
		change(&k)
		_, _, _, err := keys.Open([]iam.Key{k}, o, rand.Reader)
		return err
	}
	if err := open(func(*iam.Key) {}, sealer); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"another master key": open(func(*iam.Key) {}, newSealer(t)),
		"another realm":      open(func(k *iam.Key) { k.RealmID = "other" }, sealer),
		"another row":        open(func(k *iam.Key) { k.ID = "other" }, sealer),
	} {
		if !errors.Is(err, secret.ErrSealed) || !strings.Contains(err.Error(), row.KID) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := open(func(k *iam.Key) { k.Status, k.ID = iam.KeyDisabled, "other" }, sealer); err != nil {
		t.Errorf("a disabled key is opened: %v", err)
	}
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	m, _ := newMaker(t)
	der, err := x509.MarshalPKCS8PrivateKey(mustRSA(t))
	if err != nil {
		t.Fatal(err)
	}
	row, err := m.Import("realm", keys.Material{Algorithm: "RS256", Private: der}, made)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(row.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if cert.Subject.CommonName != "name of realm" || cert.SignatureAlgorithm != x509.SHA256WithRSA ||
		!cert.NotAfter.Equal(made.AddDate(10, 0, 0).Truncate(time.Second)) || cert.NotBefore.After(made) {
		t.Errorf("certificate of %s by %s, %s to %s", cert.Subject, cert.SignatureAlgorithm, cert.NotBefore, cert.NotAfter)
	}
	if err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature); err != nil {
		t.Errorf("not signed by itself: %v", err)
	}
	m.CommonName = nil
	if row, err = m.Import("realm", keys.Material{Algorithm: "RS256", Private: der}, made); err != nil {
		t.Fatal(err)
	}
	if cert, err = x509.ParseCertificate(row.Certificate); err != nil || cert.Subject.CommonName != "realm" {
		t.Errorf("common name %q, %v", cert.Subject.CommonName, err)
	}
}

func TestNewRSA(t *testing.T) {
	t.Parallel()
	der, err := keys.NewRSA(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := newMaker(t)
	if row, err := m.Import("realm", keys.Material{Algorithm: "PS256", Private: der}, made); err != nil || row.Status != iam.KeyActive {
		t.Errorf("%+v, %v", row, err)
	}
}

func TestWhichKeySigns(t *testing.T) {
	t.Parallel()
	m, sealer := newMaker(t)
	add := func(kid string, priority int, status iam.KeyStatus, at time.Time) iam.Key {
		row, err := m.Import("realm", keys.Material{KID: kid, Algorithm: "HS512", Secret: make([]byte, 64), Priority: priority, Status: status}, at)
		if err != nil {
			t.Fatal(err)
		}
		return row
	}
	rows := []iam.Key{
		add("low", 1, iam.KeyActive, made), add("old", 50, iam.KeyActive, made), add("new", 50, iam.KeyActive, made.Add(time.Hour)),
		add("passive", 90, iam.KeyPassive, made), add("disabled", 99, iam.KeyDisabled, made),
	}
	ring, _, _, err := keys.Open(rows, sealer, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if got := ring.Signing["HS512"].KID; got != "new" {
		t.Errorf("%s signs", got)
	}
	for _, kid := range []string{"low", "old", "new", "passive"} {
		if _, ok := ring.Verify[kid]; !ok {
			t.Errorf("%s does not verify", kid)
		}
	}
	if _, ok := ring.Verify["disabled"]; ok {
		t.Error("a disabled key verifies")
	}
	if _, _, _, err := keys.Open(append(rows, rows[0]), sealer, rand.Reader); !errors.Is(err, keys.ErrKey) {
		t.Errorf("one kid twice: %v", err)
	}
	if rows[0].KID != "low" {
		t.Error("the caller's rows were reordered")
	}
}

func TestOpenChecksThePublicHalf(t *testing.T) {
	t.Parallel()
	m, sealer := newMaker(t)
	one, err := m.Generate("realm", "ES256", made)
	if err != nil {
		t.Fatal(err)
	}
	two, err := m.Generate("realm", "ES256", made)
	if err != nil {
		t.Fatal(err)
	}
	one.Public = two.Public
	if _, _, _, err := keys.Open([]iam.Key{one}, sealer, rand.Reader); !errors.Is(err, keys.ErrKey) {
		t.Errorf("another's public half: %v", err)
	}
	two.Algorithm = "EdDSA"
	if _, _, _, err := keys.Open([]iam.Key{two}, sealer, rand.Reader); !errors.Is(err, keys.ErrKey) {
		t.Errorf("another algorithm: %v", err)
	}
}

func TestJWKS(t *testing.T) {
	t.Parallel()
	m, sealer := newMaker(t)
	var rows []iam.Key
	for i, alg := range []string{"RS256", "ES256", "EdDSA", "HS512", "ES512"} {
		row, err := m.Generate("realm", alg, made)
		if err != nil {
			t.Fatal(err)
		}
		row.Priority = 100 - i
		rows = append(rows, row)
	}
	rows[4].Status = iam.KeyPassive
	_, doc, public, err := keys.Open(rows, sealer, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const word = `"[A-Za-z0-9_-]+"`
	form := regexp.MustCompile(`^\{"keys":\[` +
		`\{"kid":` + word + `,"kty":"RSA","alg":"RS256","use":"sig","x5c":\["[A-Za-z0-9+/=]+"\],"x5t":` + word + `,"x5t#S256":` + word + `,"n":` + word + `,"e":"AQAB"\},` +
		`\{"kid":` + word + `,"kty":"EC","alg":"ES256","use":"sig","crv":"P-256","x":"[A-Za-z0-9_-]{43}","y":"[A-Za-z0-9_-]{43}"\},` +
		`\{"kid":` + word + `,"kty":"OKP","alg":"EdDSA","use":"sig","crv":"Ed25519","x":"[A-Za-z0-9_-]{43}"\},` +
		`\{"kid":` + word + `,"kty":"EC","alg":"ES512","use":"sig","crv":"P-521","x":"[A-Za-z0-9_-]{88}","y":"[A-Za-z0-9_-]{88}"\}\]\}$`)
	if !form.Match(doc) {
		t.Errorf("JWKS %s", doc)
	}
	if public != base64.StdEncoding.EncodeToString(rows[0].Public) {
		t.Errorf("the realm's public key is %s", public)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(doc, &set); err != nil || len(set.Keys) != 4 { // go-jose checks x5t against x5c
		t.Fatalf("%d keys, %v", len(set.Keys), err)
	}
	for _, k := range set.Keys {
		if !k.IsPublic() || !k.Valid() {
			t.Errorf("key %s is not a valid public key", k.KeyID)
		}
		der, err := x509.MarshalPKIXPublicKey(k.Key)
		if err != nil || keys.KID(der) != k.KeyID {
			t.Errorf("key %s: %v", k.KeyID, err)
		}
	}
}

func TestEmptyRing(t *testing.T) {
	t.Parallel()
	ring, doc, public, err := keys.Open(nil, newSealer(t), rand.Reader)
	if err != nil || string(doc) != `{"keys":[]}` || public != "" || ring.Signing == nil || ring.Verify == nil {
		t.Errorf("%s, %q, %v", doc, public, err)
	}
}

type exhausted struct{}

func (exhausted) Read([]byte) (int, error) { return 0, errors.New("no randomness") }

func TestNoRandomness(t *testing.T) {
	t.Parallel()
	m, _ := newMaker(t)
	m.Rand = exhausted{}
	if _, err := m.Generate("realm", "HS512", made); err == nil {
		t.Error("an HMAC key of no randomness")
	}
}

package token_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"github.com/seed-a6a28e10/usher/internal/token"
)

var asymmetric = []string{"RS256", "PS256", "ES256", "EdDSA", "ES384", "ES512", "RS512"}

// joseVerify checks a token with go-jose and the key from the JWKS document,
// or the secret for HMAC.
func joseVerify(r *token.Realm, raw string, algs ...string) ([]byte, error) {
	list := make([]jose.SignatureAlgorithm, len(algs))
	for i, a := range algs {
		list[i] = jose.SignatureAlgorithm(a)
	}
	sig, err := jose.ParseSignedCompact(raw, list)
	if err != nil {
		return nil, err
	}
	kid := sig.Signatures[0].Header.KeyID
	if key := r.Keys.Verify[kid]; key.Public == nil {
		return sig.Verify(key.Secret)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(r.JWKS, &set); err != nil {
		return nil, err
	}
	found := set.Key(kid)
	if len(found) != 1 {
		return nil, errors.New("the JWKS document has not one key of that kid")
	}
	return sig.Verify(found[0])
}

func golangJWT(r *token.Realm, raw string, algs ...string) error {
	_, err := jwt.Parse(raw, func(t *jwt.Token) (any, error) {
		key := r.Keys.Verify[t.Header["kid"].(string)]
		if key.Public == nil {
			return key.Secret, nil
		}
		return key.Public, nil
	}, jwt.WithValidMethods(algs), jwt.WithoutClaimsValidation())
	return err
}

// Every algorithm's tokens verify in two libraries that are not ours.
func TestLibrariesVerifyOurTokens(t *testing.T) {
	t.Parallel()
	for _, alg := range asymmetric {
		r := newRealm(t, alg)
		s := newSubject(t, r, "openid")
		for name, raw := range map[string]string{"access": mustAccess(t, s), "ID": mustID(t, s)} {
			payload, err := joseVerify(r, raw, alg)
			if err != nil || string(payload) != part(t, raw, 1) {
				t.Errorf("%s %s token: go-jose: %v", alg, name, err)
			}
			if err := golangJWT(r, raw, alg); err != nil {
				t.Errorf("%s %s token: golang-jwt: %v", alg, name, err)
			}
			if _, err := r.Parse(raw); err != nil {
				t.Errorf("%s %s token: ours: %v", alg, name, err)
			}
			for _, other := range asymmetric {
				if _, err := joseVerify(r, raw, other); other != alg && err == nil {
					t.Errorf("an %s token passes as %s", alg, other)
				}
			}
		}
	}
	r := newRealm(t, "RS256")
	raw := mustRefresh(t, refreshSubject(r, ""))
	if _, err := joseVerify(r, raw, "HS512"); err != nil {
		t.Errorf("refresh token: go-jose: %v", err)
	}
	if err := golangJWT(r, raw, "HS512"); err != nil {
		t.Errorf("refresh token: golang-jwt: %v", err)
	}
}

// What we accept, the libraries accept: no hostile token is one that only we
// would have taken, and tokens made by the libraries are read by us.
func TestOursAreASubset(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	for _, alg := range append(slices.Clone(asymmetric), "HS512", "HS256") {
		key := r.Keys.Signing[alg]
		claims := jwt.MapClaims{"iss": r.Issuer, "sub": "u", "typ": "Bearer", "iat": at.Unix(), "exp": at.Unix() + 300, "aud": []string{"a", "b"}}
		tok := jwt.NewWithClaims(jwt.GetSigningMethod(alg), claims)
		tok.Header["kid"] = key.KID
		input, err := tok.SigningString()
		if err != nil {
			t.Fatal(err)
		}
		sig, err := key.Signer.Sign([]byte(input))
		if err != nil {
			t.Fatal(err)
		}
		raw := input + "." + tok.EncodeSegment(sig)
		c, err := r.Parse(raw, token.KindAccess)
		if err != nil || c.Subject != "u" || !slices.Equal(c.Audience, []string{"a", "b"}) {
			t.Errorf("%s: %v", alg, err)
		}
	}
}

package tokentest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash"
	"io"
	"math/big"
)

// publicKey is one key of the JWKS document in the forms in which careless
// verifiers have taken it for an HMAC secret.
type publicKey struct {
	kid, alg string
	forms    []form
}

type form struct {
	name   string
	secret []byte
}

func publicKeys(jwks []byte) ([]publicKey, error) {
	var doc struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(jwks, &doc); err != nil {
		return nil, fmt.Errorf("tokentest: JWKS: %w", err)
	}
	var out []publicKey
	for _, raw := range doc.Keys {
		var k struct {
			Kid, Alg, Kty, Crv, N, E, X, Y string
			X5c                            []string
		}
		if err := json.Unmarshal(raw, &k); err != nil {
			return nil, fmt.Errorf("tokentest: JWKS: %w", err)
		}
		p := publicKey{kid: k.Kid, alg: k.Alg}
		p.add("the JWK", raw)
		p.add("the JWKS document", jwks)
		p.add("the kid", []byte(k.Kid))
		for _, part := range []struct{ name, text string }{{"n", k.N}, {"e", k.E}, {"x", k.X}, {"y", k.Y}} {
			if part.text != "" {
				p.add("member "+part.name+" as text", []byte(part.text))
				p.add("member "+part.name, unbase64(part.text))
			}
		}
		for _, c := range k.X5c {
			p.addDER("the certificate", "CERTIFICATE", unbase64(c))
		}
		if pub := publicOf(k.Kty, k.Crv, k.N, k.E, k.X, k.Y); pub != nil {
			der, err := x509.MarshalPKIXPublicKey(pub)
			if err != nil {
				return nil, fmt.Errorf("tokentest: JWKS: %w", err)
			}
			p.addDER("the public key", "PUBLIC KEY", der)
			if rsaKey, ok := pub.(*rsa.PublicKey); ok {
				p.addDER("the PKCS#1 key", "RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(rsaKey))
			}
		}
		out = append(out, p)
	}
	return out, nil
}

func (p *publicKey) add(name string, secret []byte) { p.forms = append(p.forms, form{name, secret}) }

func (p *publicKey) addDER(name, block string, der []byte) {
	text := pem.EncodeToMemory(&pem.Block{Type: block, Bytes: der})
	p.add(name+" in DER", der)
	p.add(name+" in PEM", text)
	p.add(name+" in PEM without the last line break", text[:len(text)-1])
	p.add(name+" in base64", []byte(base64.StdEncoding.EncodeToString(der)))
}

func unbase64(s string) []byte {
	for _, enc := range []*base64.Encoding{base64.RawURLEncoding, base64.StdEncoding} {
		if b, err := enc.DecodeString(s); err == nil {
			return b
		}
	}
	return nil
}

func publicOf(kty, crv, n, e, x, y string) crypto.PublicKey {
	switch {
	case kty == "RSA":
		return &rsa.PublicKey{N: new(big.Int).SetBytes(unbase64(n)), E: int(new(big.Int).SetBytes(unbase64(e)).Int64())}
	case kty == "OKP":
		return ed25519.PublicKey(unbase64(x))
	}
	curve := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[crv]
	if curve == nil {
		return nil
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(curve, append(append([]byte{4}, unbase64(x)...), unbase64(y)...))
	if err != nil {
		return nil
	}
	return pub
}

// attacker holds keys the realm has never seen.
type attacker struct {
	rsa  *rsa.PrivateKey
	ec   *ecdsa.PrivateKey
	ed   ed25519.PrivateKey
	rand io.Reader
}

func newAttacker(rand io.Reader) (a attacker, err error) {
	a.rand = rand
	if a.rsa, err = rsa.GenerateKey(rand, 2048); err != nil {
		return a, fmt.Errorf("tokentest: %w", err)
	}
	if a.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand); err != nil {
		return a, fmt.Errorf("tokentest: %w", err)
	}
	if _, a.ed, err = ed25519.GenerateKey(rand); err != nil {
		return a, fmt.Errorf("tokentest: %w", err)
	}
	return a, nil
}

// sign makes a token with the attacker's key of the algorithm, "" when it has none.
func (a *attacker) sign(alg, header, payload string) string {
	input := encode([]byte(header)) + "." + encode([]byte(payload))
	sum := sha256.Sum256([]byte(input))
	var sig []byte
	var err error
	switch alg {
	case "RS256":
		sig, err = rsa.SignPKCS1v15(nil, a.rsa, crypto.SHA256, sum[:])
	case "PS256":
		sig, err = rsa.SignPSS(a.rand, a.rsa, crypto.SHA256, sum[:], nil)
	case "ES256":
		r, s, e := ecdsa.Sign(a.rand, a.ec, sum[:])
		if sig, err = make([]byte, 64), e; e == nil {
			r.FillBytes(sig[:32])
			s.FillBytes(sig[32:])
		}
	case "EdDSA":
		sig = ed25519.Sign(a.ed, []byte(input))
	}
	if err != nil || sig == nil {
		return ""
	}
	return input + "." + encode(sig)
}

// public returns the attacker's key for an algorithm as a JWK.
func (a *attacker) public(alg string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	switch alg {
	case "ES256":
		if point, err := a.ec.PublicKey.Bytes(); err == nil {
			return fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q}`, b64(point[1:33]), b64(point[33:]))
		}
	case "EdDSA":
		return fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q}`, b64(a.ed.Public().(ed25519.PublicKey)))
	}
	return fmt.Sprintf(`{"kty":"RSA","n":%q,"e":"AQAB"}`, b64(a.rsa.N.Bytes()))
}

// hmacToken signs with an HMAC secret of the attacker's choice.
func hmacToken(alg, header, payload string, secret []byte) string {
	newHash := map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}[alg]
	input := encode([]byte(header)) + "." + encode([]byte(payload))
	m := hmac.New(newHash, secret)
	m.Write([]byte(input))
	return input + "." + encode(m.Sum(nil))
}

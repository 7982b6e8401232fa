package realmfile

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

const keyProvider = "org.keycloak.keys.KeyProvider"

// keyComponents reads the realm's keys out of its components; components of
// other kinds are kept.
func keyComponents(o *object, d *Draft) {
	all, ok := o.child("components")
	if !ok {
		return
	}
	rest := map[string]json.RawMessage{}
	for i := range all.node.kids {
		m := &all.node.kids[i]
		if m.name != keyProvider {
			rest[m.name] = all.raw(&m.value)
			if says(&m.value) {
				all.warn(m.name, notUsed)
			}
			continue
		}
		for _, k := range all.list(m.name) {
			keyComponent(k, d)
		}
	}
	if len(rest) > 0 {
		raw, err := json.Marshal(rest)
		if err == nil { // raw messages of a parsed file always marshal
			d.Realm.Kept = keep(d.Realm.Kept, "", map[string]json.RawMessage{"components": raw})
		}
	}
}

// keyComponent reads one key. Providers that make no signing key, and
// algorithms without a signer here, are kept and named.
func keyComponent(k *object, d *Draft) {
	provider := k.str("providerId", "")
	config := k.textsMap("config")
	m := KeyMaterial{Status: keyStatus(config), Priority: atoi(one(config, "priority")), KID: one(config, "kid"), Place: k.place("config")}
	k.used = words("id name providerId subComponents subType config parentId providerType")
	k.rest(nil)
	fault := material(&m, provider, config)
	whole := wholeOf(k)
	if iam.HasSigner(m.Algorithm) && hasMasked(config) {
		k.warn("config", "masked in the file: the stored key stays; where nothing signs, a new key is made")
		return
	}
	place := keptComponent(d.Realm.Kept, k, provider)
	switch {
	case !iam.HasSigner(m.Algorithm):
		reason := "the key provider " + provider + " is " + notUsed
		if m.Algorithm != "" {
			reason = "keys for " + m.Algorithm + " are " + notUsed
		}
		k.warn("providerId", reason)
	case fault != "":
		k.fault("config", fault)
	case m.Private == nil && m.Secret == nil:
		k.warn("config", "without usable key material, which is "+notUsed+": a new key is made where one is needed")
	default:
		d.Keys = append(d.Keys, m)
		whole["config"] = withoutMaterial(k)
		place = KeyPlace(m.KID)
	}
	d.Realm.Kept = keep(d.Realm.Kept, place, whole)
}

func hasMasked(config map[string][]string) bool {
	for _, list := range config {
		if slices.Contains(list, masked) {
			return true
		}
	}
	return false
}

// keptComponent is where a component without a key row is kept: under its id
// where it has one, else under its name or provider, with a number behind the
// first.
func keptComponent(kept map[string]json.RawMessage, k *object, provider string) string {
	base := "keyComponents/" + cmp.Or(k.str("id", ""), cmp.Or(k.str("name", ""), provider))
	place := base
	for n := 2; kept[place] != nil; n++ {
		place = base + "#" + strconv.Itoa(n)
	}
	return place
}

func keyStatus(config map[string][]string) iam.KeyStatus {
	switch {
	case one(config, "enabled") == "false":
		return iam.KeyDisabled
	case one(config, "active") == "false":
		return iam.KeyPassive
	}
	return iam.KeyActive
}

// material reads algorithm and key as the provider writes them. The result says
// what is wrong with the key, or "".
func material(m *KeyMaterial, provider string, config map[string][]string) string {
	switch provider {
	case "rsa-generated", "rsa":
		m.Algorithm = cmp.Or(one(config, "algorithm"), "RS256")
		return privateKey(m, one(config, "privateKey"), one(config, "certificate"))
	case "ecdsa-generated":
		m.Algorithm = curveAlgorithm(cmp.Or(one(config, "ecdsaEllipticCurveKey"), "P-256"))
		return privateKey(m, one(config, "ecdsaPrivateKey"), one(config, "certificate"))
	case "eddsa-generated":
		m.Algorithm = cmp.Or(one(config, "eddsaEllipticCurveKey"), "Ed25519")
		if m.Algorithm == "Ed25519" {
			m.Algorithm = "EdDSA"
		}
		return privateKey(m, one(config, "eddsaPrivateKey"), "")
	case "hmac-generated", "hmac-generated-hs512":
		m.Algorithm = cmp.Or(one(config, "algorithm"), map[bool]string{true: "HS512", false: "HS256"}[provider == "hmac-generated-hs512"])
		return hmacKey(m, one(config, "secret"))
	}
	return ""
}

// withoutMaterial is a key component's config but for what becomes the key
// row: the key must not outlive it, and the rest is said there.
func withoutMaterial(k *object) json.RawMessage {
	config, ok := k.child("config")
	if !ok {
		return json.RawMessage("{}")
	}
	config.used = words("privateKey ecdsaPrivateKey eddsaPrivateKey secret certificate kid priority enabled active algorithm")
	rest := map[string]json.RawMessage{}
	for i := range config.node.kids {
		if m := &config.node.kids[i]; !config.used[m.name] {
			rest[m.name] = config.raw(&m.value)
		}
	}
	raw, err := json.Marshal(rest)
	if err != nil { // raw messages of a parsed file always marshal
		return json.RawMessage("{}")
	}
	return raw
}

// curveAlgorithm is the one algorithm of a curve.
func curveAlgorithm(curve string) string {
	switch curve {
	case "P-256":
		return "ES256"
	case "P-384":
		return "ES384"
	case "P-521":
		return "ES512"
	}
	return curve
}

func one(config map[string][]string, name string) string {
	if list := config[name]; len(list) > 0 {
		return list[0]
	}
	return ""
}

// atoi reads a priority; Keycloak takes anything else for 0.
func atoi(s string) int {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return 0
	}
	return int(n)
}

// privateKey decodes base64 or PEM. A masked key (of a partial export) is no
// material.
func privateKey(m *KeyMaterial, private, certificate string) string {
	if private == "" || private == masked {
		return ""
	}
	der, ok := decodeDER(private)
	if !ok {
		return "the private key is neither base64 nor PEM"
	}
	key, text := parseKey(der)
	if text == "" {
		text = keyFault(m.Algorithm, key)
	}
	if text != "" && iam.HasSigner(m.Algorithm) {
		return text
	}
	m.Private = der
	if m.KID == "" && text == "" {
		m.KID = keyID(key)
	}
	if certificate == "" || certificate == masked {
		return ""
	}
	if m.Certificate, ok = decodeDER(certificate); !ok {
		return "the certificate is neither base64 nor PEM"
	}
	return ""
}

// parseKey reads a private key in any of the three usual wrappings; the text
// says why it cannot be one.
func parseKey(der []byte) (crypto.Signer, string) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if rsaKey, err := x509.ParsePKCS1PrivateKey(der); err == nil {
			return rsaKey, ""
		}
		if ecKey, err := x509.ParseECPrivateKey(der); err == nil {
			return ecKey, ""
		}
		return nil, "the private key is neither PKCS#8 nor PKCS#1 nor SEC 1"
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, "the private key is of no supported kind"
	}
	return signer, ""
}

// keyID is Keycloak's kid: the base64url of SHA-256 over the DER public key.
func keyID(key crypto.Signer) string {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// keyFault says why a private key cannot be used for alg, or "".
func keyFault(alg string, key crypto.Signer) string {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if alg[0] != 'R' && alg[0] != 'P' {
			return "an RSA key cannot sign with " + alg
		}
		if k.N.BitLen() < 2048 {
			return "an RSA key needs at least 2048 bits"
		}
	case *ecdsa.PrivateKey:
		if curve := k.Curve.Params().Name; curveAlgorithm(curve) != alg {
			return "an EC key on " + curve + " cannot sign with " + alg
		}
	case ed25519.PrivateKey:
		if alg != "EdDSA" {
			return "an Ed25519 key cannot sign with " + alg
		}
	default:
		return "the private key is of no supported kind"
	}
	return ""
}

func decodeDER(s string) ([]byte, bool) {
	if strings.Contains(s, "-----BEGIN") {
		block, _ := pem.Decode([]byte(strings.TrimSpace(s)))
		if block == nil {
			return nil, false
		}
		return block.Bytes, true
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	return der, err == nil && len(der) > 0
}

func hmacKey(m *KeyMaterial, secret string) string {
	if secret == "" || secret == masked || m.Algorithm != "HS512" {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(secret, "="))
	if err != nil {
		return "the secret is not base64url"
	}
	if len(raw) < 64 {
		return "" // too short to be used: kept, and a new key is made
	}
	if m.KID == "" {
		return "an HMAC key needs a kid"
	}
	m.Secret = raw
	return ""
}

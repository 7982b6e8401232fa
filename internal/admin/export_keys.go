package admin

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// components are those that were kept, with the keys as Keycloak's providers
// write them.
func (x *exporter) components() (map[string]any, error) {
	out := map[string]any{}
	addKept(out, x.realm.Kept["components"])
	providers := []any{}
	for i := range x.keys {
		one, err := x.key(&x.keys[i])
		if err != nil {
			return nil, err
		}
		providers = append(providers, one)
	}
	for _, place := range sortedKeys(x.realm.Kept) {
		if strings.HasPrefix(place, "keyComponents/") {
			providers = append(providers, x.realm.Kept[place])
		}
	}
	if len(providers) > 0 {
		out[keyProvider] = providers
	}
	return out, nil
}

// key is one key provider. One that a rotation has only published, or retired,
// is written as one that verifies.
func (x *exporter) key(k *openKey) (map[string]any, error) {
	out, config := x.keptProvider(k.KID)
	provider, err := keyConfig(k, config)
	if err != nil {
		return nil, err
	}
	set := func(name, value string) { config[name] = []string{value} }
	set("priority", strconv.Itoa(k.Priority))
	set("enabled", truth(k.Status != iam.KeyDisabled))
	set("active", truth(k.Status == iam.KeyActive))
	if len(k.Certificate) > 0 {
		set("certificate", base64.StdEncoding.EncodeToString(k.Certificate))
	}
	if out["providerId"] == nil {
		out["id"], out["name"], out["providerId"], out["subComponents"] = k.ID, provider, provider, map[string]any{}
	}
	out["config"] = config
	return out, nil
}

// keptProvider is what was kept of a key's component, and its config.
func (x *exporter) keptProvider(kid string) (out, config map[string]any) {
	out, config = map[string]any{}, map[string]any{}
	addKept(out, x.realm.Kept[keptKey(kid)])
	if raw, ok := out["config"].(json.RawMessage); ok {
		addKept(config, raw)
	}
	return out, config
}

// keyConfig writes the key where its provider has it, and names the provider.
func keyConfig(k *openKey, config map[string]any) (provider string, err error) {
	set := func(name, value string) { config[name] = []string{value} }
	plain := base64.StdEncoding.EncodeToString(k.plain)
	switch {
	case strings.HasPrefix(k.Algorithm, "HS"):
		set("kid", k.KID)
		set("secret", base64.RawURLEncoding.EncodeToString(k.plain))
		set("algorithm", k.Algorithm)
		return "hmac-generated", nil
	case strings.HasPrefix(k.Algorithm, "ES"):
		set("ecdsaPrivateKey", plain)
		set("ecdsaPublicKey", base64.StdEncoding.EncodeToString(k.Public))
		set("ecdsaEllipticCurveKey", map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[k.Algorithm])
		return "ecdsa-generated", nil
	case k.Algorithm == "EdDSA":
		set("eddsaPrivateKey", plain)
		set("eddsaPublicKey", base64.StdEncoding.EncodeToString(k.Public))
		set("eddsaEllipticCurveKey", "Ed25519")
		return "eddsa-generated", nil
	}
	key, err := x509.ParsePKCS8PrivateKey(k.plain)
	if err != nil {
		return "", err
	}
	if one, ok := key.(*rsa.PrivateKey); ok { // Keycloak writes RSA keys in PKCS#1
		plain = base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(one))
	}
	set("privateKey", plain)
	set("algorithm", k.Algorithm)
	return "rsa-generated", nil
}

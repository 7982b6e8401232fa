package realmfile

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// components are those that were kept, with the keys as Keycloak's providers
// write them.
func (x *Writer) components() (map[string]any, error) {
	out := map[string]any{}
	addKept(out, x.Realm.Kept["components"])
	providers := []any{}
	for i := range x.Keys {
		one, err := x.key(&x.Keys[i])
		if err != nil {
			return nil, err
		}
		providers = append(providers, one)
	}
	for _, place := range slices.Sorted(maps.Keys(x.Realm.Kept)) {
		if strings.HasPrefix(place, "keyComponents/") {
			providers = append(providers, x.Realm.Kept[place])
		}
	}
	if len(providers) > 0 {
		out[keyProvider] = providers
	}
	return out, nil
}

// key is one key provider. One that a rotation has only published, or retired,
// is written as one that verifies.
func (x *Writer) key(k *OpenKey) (map[string]any, error) {
	out, config := x.keptProvider(k.KID)
	provider, err := keyConfig(k, config)
	if err != nil {
		return nil, err
	}
	set := func(name, value string) { config[name] = []string{value} }
	set("priority", strconv.Itoa(k.Priority))
	set("enabled", strconv.FormatBool(k.Status != iam.KeyDisabled))
	set("active", strconv.FormatBool(k.Status == iam.KeyActive))
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
func (x *Writer) keptProvider(kid string) (out, config map[string]any) {
	out, config = map[string]any{}, map[string]any{}
	addKept(out, x.Realm.Kept[KeyPlace(kid)])
	if raw, ok := out["config"].(json.RawMessage); ok {
		addKept(config, raw)
	}
	return out, config
}

// keyConfig writes the key where its provider has it, and names the provider.
func keyConfig(k *OpenKey, config map[string]any) (provider string, err error) {
	set := func(name, value string) { config[name] = []string{value} }
	plain := base64.StdEncoding.EncodeToString(k.Plain)
	switch {
	case strings.HasPrefix(k.Algorithm, "HS"):
		set("kid", k.KID)
		set("secret", base64.RawURLEncoding.EncodeToString(k.Plain))
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
	key, err := x509.ParsePKCS8PrivateKey(k.Plain)
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

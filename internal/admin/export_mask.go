package admin

import (
	"bytes"
	"encoding/json"
	"strings"
)

// mask replaces the secrets of a document by Keycloak's stars. What is a secret
// is told by the member's name: those of Keycloak's own representations and
// providers, and whatever else ends like one.
func mask(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for member, value := range v {
			v[member] = mask(member, value)
		}
	case []any:
		for i, value := range v {
			v[i] = mask(name, value)
		}
	case map[string][]any:
		for member, list := range v {
			for i, value := range list {
				v[member][i] = mask(member, value)
			}
		}
	case map[string]string:
		for member, value := range v {
			v[member], _ = mask(member, value).(string)
		}
	case []string:
		out := make([]string, len(v))
		for i, value := range v {
			out[i], _ = mask(name, value).(string)
		}
		return out
	case json.RawMessage:
		if open, ok := decoded(v); ok {
			if stars := mask(name, open); bytes.Contains(mustJSON(stars), []byte(masked)) {
				return stars
			}
		}
	case string:
		if v != "" && isSecret(name) && !strings.HasPrefix(v, "${vault.") {
			return masked
		}
	}
	return v
}

func mustJSON(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil { // was JSON a moment ago
		return nil
	}
	return raw
}

// isSecret says whether a member of that name holds a secret.
func isSecret(name string) bool {
	name = strings.ToLower(name)
	for _, ending := range []string{"secret", "password", "privatekey", "bindcredential", "accesstoken", "apikey", "passphrase", "codesecret", "secretdata"} {
		if strings.HasSuffix(name, ending) {
			return true
		}
	}
	return name == "token" || name == "credential"
}

package realmfile

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
)

// masked is what a partial export has in place of a secret.
const masked = "**********"

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

// Unmask puts the stored values where a file has masked ones.
func Unmask(file, stored map[string]json.RawMessage) map[string]json.RawMessage {
	out := maps.Clone(file)
	for name, raw := range out {
		if was, ok := stored[name]; ok && strings.Contains(string(raw), masked) {
			out[name] = unmask(raw, was)
		}
	}
	return out
}

// unmask replaces each masked text of a JSON value by what stands at its place
// in another one.
func unmask(raw, stored json.RawMessage) json.RawMessage {
	into, ok := decoded(raw)
	from, known := decoded(stored)
	if !ok || !known {
		return raw
	}
	out, err := json.Marshal(unmaskValue(into, from))
	if err != nil {
		return raw
	}
	return out
}

// decoded keeps numbers as they are written.
func decoded(raw json.RawMessage) (v any, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	err := dec.Decode(&v)
	return v, err == nil
}

func unmaskValue(into, from any) any {
	switch v := into.(type) {
	case string:
		if s, ok := from.(string); ok && v == masked {
			return s
		}
	case []any:
		if list, ok := from.([]any); ok {
			for i := range min(len(v), len(list)) {
				v[i] = unmaskValue(v[i], list[i])
			}
		}
	case map[string]any:
		if m, ok := from.(map[string]any); ok {
			for name := range v {
				v[name] = unmaskValue(v[name], m[name])
			}
		}
	}
	return into
}

package admin

import "maps"

// The members of a realm file whose rows have other names: differences are
// named as the file names them.
var (
	realmNames = map[string]string{
		"name": "realm", "signatureAlgorithm": "defaultSignatureAlgorithm", "loginWithEmail": "loginWithEmailAllowed",
		"defaultScopes": "defaultDefaultClientScopes", "optionalScopes": "defaultOptionalClientScopes",
	}
	lifetimeNames = map[string]string{
		"accessToken": "accessTokenLifespan", "accessCode": "accessCodeLifespan",
		"sessionIdle": "ssoSessionIdleTimeout", "sessionMax": "ssoSessionMaxLifespan",
		"sessionIdleRememberMe": "ssoSessionIdleTimeoutRememberMe", "sessionMaxRememberMe": "ssoSessionMaxLifespanRememberMe",
		"offlineIdle": "offlineSessionIdleTimeout", "offlineMax": "offlineSessionMaxLifespan",
		"offlineMaxEnabled": "offlineSessionMaxLifespanEnabled",
		"clientSessionIdle": "clientSessionIdleTimeout", "clientSessionMax": "clientSessionMaxLifespan",
	}
	clientNames = map[string]string{
		"public": "publicClient", "directAccessGrants": "directAccessGrantsEnabled", "standardFlow": "standardFlowEnabled",
		"serviceAccounts": "serviceAccountsEnabled", "mappers": "protocolMappers",
		"defaultScopes": "defaultClientScopes", "optionalScopes": "optionalClientScopes",
	}
)

// asInFile renames the members of a row.
func asInFile(row map[string]any, names map[string]string) map[string]any {
	out := make(map[string]any, len(row))
	for name, value := range row {
		if other, ok := names[name]; ok {
			name = other
		}
		out[name] = value
	}
	return out
}

// realmAsInFile also puts the lifetimes where a file has them.
func realmAsInFile(row map[string]any) map[string]any {
	out := asInFile(row, realmNames)
	if times, ok := out["lifetimes"].(map[string]any); ok {
		delete(out, "lifetimes")
		maps.Copy(out, asInFile(times, lifetimeNames))
	}
	return out
}

// zero is what the absence of a member means where the other side has v.
func zero(v any) any {
	switch v.(type) {
	case bool:
		return false
	case float64:
		return 0
	case string:
		return ""
	case []any:
		return []any{}
	}
	return nil
}

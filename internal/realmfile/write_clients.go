package realmfile

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

func (x *Writer) clientList() []any {
	out := []any{}
	for i := range x.Clients {
		out = append(out, x.client(&x.Clients[i]))
	}
	return out
}

func (x *Writer) client(c *iam.Client) map[string]any {
	out := map[string]any{
		"id": c.ID, "clientId": c.ClientID, "enabled": c.Enabled, "protocol": c.Protocol, "publicClient": c.Public,
		"bearerOnly": c.BearerOnly, "consentRequired": c.ConsentRequired, "standardFlowEnabled": c.StandardFlow,
		"directAccessGrantsEnabled": c.DirectAccessGrants, "serviceAccountsEnabled": c.ServiceAccounts,
		"fullScopeAllowed": c.FullScopeAllowed, "notBefore": c.NotBefore,
		"redirectUris": append([]string{}, c.RedirectURIs...), "webOrigins": append([]string{}, c.WebOrigins...),
		"defaultClientScopes":  x.scopeList(c.DefaultScopes, c.Kept["defaultClientScopes"]),
		"optionalClientScopes": x.scopeList(c.OptionalScopes, c.Kept["optionalClientScopes"]),
	}
	text(out, "name", c.Name)
	text(out, "secret", c.Secret)
	if attributes := ClientAttributes(c); len(attributes) > 0 {
		out["attributes"] = attributes
	}
	if len(c.Mappers) > 0 {
		out["protocolMappers"] = x.mappers(c.Mappers, c.Protocol, "", c.Kept)
	}
	for name, raw := range c.Kept {
		if _, ok := out[name]; !ok && !strings.HasPrefix(name, "protocolMappers/") {
			out[name] = raw
		}
	}
	if _, ok := out["clientAuthenticatorType"]; !ok {
		out["clientAuthenticatorType"] = "client-secret"
	}
	return out
}

// ClientAttributes are the attributes that an export of the client has, ours as
// its settings are.
func ClientAttributes(c *iam.Client) map[string]string {
	out := maps.Clone(c.Attributes)
	if out == nil {
		out = map[string]string{}
	}
	delete(out, "usher.recovery")
	text := out["usher.revoke.refresh.token"]
	delete(out, "usher.revoke.refresh.token")
	if c.Recovery != "" {
		out["usher.recovery"] = string(c.Recovery)
	}
	if c.RevokeRefreshToken != nil {
		if was, err := strconv.ParseBool(text); err != nil || was != *c.RevokeRefreshToken {
			text = strconv.FormatBool(*c.RevokeRefreshToken)
		}
		out["usher.revoke.refresh.token"] = text
	}
	return out
}

// scopeMappings writes which roles clients without full scope may see, and the
// mappings of client scopes as they were kept.
func (x *Writer) scopeMappings(doc map[string]any) {
	byOwner := map[string][]any{}
	for i := range x.Clients {
		c := &x.Clients[i]
		for owner, roles := range c.ScopeRoles {
			one := map[string]any{"client": c.ClientID, "roles": roles}
			addKept(one, x.Realm.Kept["scopeMappings/"+owner+"/client/"+c.ClientID])
			byOwner[owner] = append(byOwner[owner], one)
		}
	}
	for _, place := range slices.Sorted(maps.Keys(x.Realm.Kept)) {
		rest, ok := strings.CutPrefix(place, "scopeMappings/")
		if !ok {
			continue
		}
		var one struct {
			ClientScope string `json:"clientScope"`
		}
		if json.Unmarshal(x.Realm.Kept[place], &one) != nil || one.ClientScope == "" {
			continue
		}
		owner := strings.TrimSuffix(rest, "/clientScope/"+one.ClientScope)
		byOwner[owner] = append(byOwner[owner], x.Realm.Kept[place])
	}
	if list := byOwner[""]; list != nil {
		doc["scopeMappings"] = list
	}
	delete(byOwner, "")
	if len(byOwner) > 0 {
		doc["clientScopeMappings"] = byOwner
	}
}

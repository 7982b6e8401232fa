package realmfile

import (
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

func clients(o *object, d *Draft) {
	seen, ids := map[string]bool{}, map[string]bool{}
	for _, c := range o.list("clients") {
		client := client(c, d)
		switch {
		case client.ClientID == "" || len(client.ClientID) > 255:
			c.fault("clientId", "a client needs a clientId of at most 255 bytes")
		case seen[client.ClientID]:
			c.fault("clientId", "the client "+client.ClientID+" is there twice")
		case client.ID != "" && ids[client.ID]:
			c.fault("id", "this id is there twice")
		}
		seen[client.ClientID], ids[client.ID] = true, true
		d.Clients = append(d.Clients, client)
	}
	if n := len(d.Clients); !HasRoom(n) {
		o.fault("clients", Crowded("clients", n))
	}
}

// public decides the kind of a client that does not state it. Keycloak makes it
// public, which would let anybody use a client that has something to prove.
func public(c *object) bool {
	if c.has("publicClient") || c.has("bearerOnly") {
		return c.boolean("publicClient", false)
	}
	for _, name := range []string{"secret", "serviceAccountsEnabled", "clientAuthenticatorType"} {
		if m := c.find(name); m != nil && says(&m.value) {
			c.warn("publicClient", "absent: taken for false because of "+name+", where Keycloak takes it for true")
			return false
		}
	}
	return true
}

// client applies Keycloak's creation defaults: public when nothing speaks
// against it, standard flow and direct grants on.
func client(c *object, d *Draft) iam.Client {
	out := iam.Client{
		ID: identifier(c, "id"), ClientID: c.str("clientId", ""), Name: c.str("name", ""),
		Protocol:   c.str("protocol", "openid-connect"),
		Enabled:    c.boolean("enabled", true),
		BearerOnly: c.boolean("bearerOnly", false),
		Public:     public(c),

		ConsentRequired:    c.boolean("consentRequired", false),
		StandardFlow:       c.boolean("standardFlowEnabled", true),
		DirectAccessGrants: c.boolean("directAccessGrantsEnabled", true),
		ServiceAccounts:    c.boolean("serviceAccountsEnabled", false),
		FullScopeAllowed:   c.boolean("fullScopeAllowed", true),

		NotBefore:    c.integer("notBefore", 0, 0, maxSeconds),
		RedirectURIs: c.texts("redirectUris"), WebOrigins: c.texts("webOrigins"),
		Attributes: c.textMap("attributes"),
	}
	out.Mappers = mappers(c, "", &out.Kept)
	out.DefaultScopes = scopeNames(c, "defaultClientScopes", d, &out.Kept)
	out.OptionalScopes = scopeNames(c, "optionalClientScopes", d, &out.Kept)
	out.Secret = clientSecret(c, &out)
	if c.has("rootUrl") && !c.has("redirectUris") {
		rootRedirects(c, &out)
	}
	if out.Protocol != "openid-connect" {
		c.warn("protocol", out.Protocol+" is not supported: the client is "+notUsed)
	}
	clientAttributes(c, &out)
	out.Kept = keep(out.Kept, "", c.rest(knownClient))
	return out
}

// clientSecret reads the secret and how the client proves it.
func clientSecret(c *object, out *iam.Client) string {
	kind := c.str("clientAuthenticatorType", "client-secret")
	if kind != "client-secret" && !out.Public && !out.BearerOnly {
		c.warn("clientAuthenticatorType", kind+" is not supported: the client authenticates with its secret")
	}
	if kind != "client-secret" {
		out.Kept = keep(out.Kept, "", rawMap(map[string]string{"clientAuthenticatorType": kind}))
	}
	secret := c.str("secret", "")
	if secret == masked {
		c.warn("secret", "masked in the file: the stored secret stays; a new client gets a new one")
		return ""
	}
	if len(secret) > 4096 {
		c.fault("secret", "longer than 4096 bytes")
	}
	return secret
}

// rootRedirects is Keycloak's rule for a rootUrl without redirectUris.
func rootRedirects(c *object, out *iam.Client) {
	rootURL := strings.TrimSuffix(c.str("rootUrl", ""), "/")
	c.used["rootUrl"] = false // stays among the kept members
	if rootURL == "" || strings.HasPrefix(rootURL, "${") {
		return
	}
	out.RedirectURIs = []string{rootURL + "/*"}
	if c.has("webOrigins") {
		return
	}
	origin := rootURL
	if i := strings.Index(origin, "://"); i > 0 {
		if j := strings.IndexByte(origin[i+3:], '/'); j >= 0 {
			origin = origin[:i+3+j]
		}
	}
	out.WebOrigins = []string{origin}
}

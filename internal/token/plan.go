package token

import (
	"encoding/base64"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// plan is a realm prepared for minting: roles and groups by name, mappers
// read, headers encoded. It is made once per snapshot and never changes.
type plan struct {
	roles       map[roleKey]*iam.Role
	defaultRole string
	groups      map[string]*iam.Group
	scopes      map[string][]step
	clients     map[*iam.Client]*clientPlan
	headers     map[string]string // encoded header by kid
	headersAT   map[string]string // with typ at+jwt
}

// clientPlan is a client prepared for minting.
type clientPlan struct {
	id      string // clientId
	steps   []step
	origins []string
	visible *roleSet // nil: all roles
	alg     string   // of access tokens
	idAlg   string
	rfc9068 bool // header typ at+jwt
}

// plan returns the prepared realm. Two requests may both prepare it at first
// use; the results are equal.
func (r *Realm) plan() *plan {
	if p := r.compiled.Load(); p != nil {
		return p
	}
	p := compileRealm(r)
	r.compiled.Store(p)
	return p
}

func compileRealm(r *Realm) *plan {
	p := &plan{
		roles:       make(map[roleKey]*iam.Role, len(r.Realm.Roles)),
		defaultRole: r.Realm.DefaultRole,
		groups:      make(map[string]*iam.Group, len(r.Realm.Groups)),
		scopes:      make(map[string][]step, len(r.Realm.ClientScopes)+1),
		clients:     make(map[*iam.Client]*clientPlan, len(r.Clients)),
		headers:     make(map[string]string, len(r.Keys.Verify)),
		headersAT:   make(map[string]string, len(r.Keys.Verify)),
	}
	for i := range r.Realm.Roles {
		p.roles[roleKey{name: r.Realm.Roles[i].Name}] = &r.Realm.Roles[i]
	}
	for client, roles := range r.Realm.ClientRoles {
		for i := range roles {
			p.roles[roleKey{client, roles[i].Name}] = &roles[i]
		}
	}
	for i := range r.Realm.Groups {
		p.groups[r.Realm.Groups[i].Path] = &r.Realm.Groups[i]
	}
	for _, cs := range r.Realm.ClientScopes {
		p.scopes[cs.Name] = compileMappers(cs.Mappers)
	}
	if !r.Realm.NoVideoAudience {
		p.scopes[videoScope.Name] = compileMappers(videoScope.Mappers)
	}
	for kid, key := range r.Keys.Verify {
		p.headers[kid] = encodeHeader(key.Alg, typJWT, kid)
		p.headersAT[kid] = encodeHeader(key.Alg, typAccess, kid)
	}
	for _, c := range r.Clients {
		p.clients[c] = p.compileClient(r, c)
	}
	return p
}

// client returns the prepared client; one that is not of the snapshot (a test,
// a preview) is prepared on the spot.
func (p *plan) client(r *Realm, c *iam.Client) *clientPlan {
	if cp := p.clients[c]; cp != nil {
		return cp
	}
	return p.compileClient(r, c)
}

func (p *plan) compileClient(r *Realm, c *iam.Client) *clientPlan {
	cp := &clientPlan{
		id:      c.ClientID,
		steps:   compileMappers(c.Mappers),
		origins: allowedOrigins(c),
		alg:     signingAlg(r, c, "access.token.signed.response.alg"),
		idAlg:   signingAlg(r, c, "id.token.signed.response.alg"),
		rfc9068: isTrue(c.Attributes["access.token.header.type.rfc9068"]),
	}
	if !c.FullScopeAllowed {
		cp.visible = &roleSet{}
		cp.visible.addAll(c.ScopeRoles[""], nil)
		for _, client := range sortedKeys(c.ScopeRoles) {
			if client != "" {
				cp.visible.addAll(nil, map[string][]string{client: c.ScopeRoles[client]})
			}
		}
		p.expand(cp.visible)
	}
	return cp
}

// scopeSteps are the mappers of an applied client scope.
func (p *plan) scopeSteps(cs *iam.ClientScope) []step {
	if steps, ok := p.scopes[cs.Name]; ok {
		return steps
	}
	return compileMappers(cs.Mappers)
}

// DefaultAlgorithm signs where a realm names none.
const DefaultAlgorithm = "RS256"

// signingAlg is the client's own algorithm where others can verify with it, else
// the realm's. The importer made a key for it; should that be gone, minting
// fails, since a token of another algorithm is one the client must refuse.
func signingAlg(r *Realm, c *iam.Client, attr string) string {
	if own := c.Attributes[attr]; Asymmetric(own) {
		return own
	}
	if Asymmetric(r.Realm.SignatureAlgorithm) {
		return r.Realm.SignatureAlgorithm
	}
	return DefaultAlgorithm
}

// header returns the encoded header for a key.
func (p *plan) header(k *SigningKey, at bool) string {
	typ, known := typJWT, p.headers
	if at {
		typ, known = typAccess, p.headersAT
	}
	if h, ok := known[k.KID]; ok {
		return h
	}
	return encodeHeader(k.Alg, typ, k.KID)
}

// encodeHeader writes a JOSE header byte for byte as Keycloak does, with its
// order and its odd blanks.
func encodeHeader(alg, typ, kid string) string {
	b := append(appendString([]byte(`{"alg":`), alg), `,"typ" : `...)
	b = append(appendString(b, typ), `,"kid" : `...)
	b = append(appendString(b, kid), '}')
	return base64.RawURLEncoding.EncodeToString(b)
}

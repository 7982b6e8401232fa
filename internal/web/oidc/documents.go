package oidc

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// realmInfo is Keycloak's description of a realm, members in its order.
type realmInfo struct {
	Realm           string `json:"realm"`
	PublicKey       string `json:"public_key,omitempty"`
	TokenService    string `json:"token-service"`
	AccountService  string `json:"account-service"`
	TokensNotBefore int64  `json:"tokens-not-before"`
}

// realmInfo answers GET on a realm's base. It alone states a charset, as
// Keycloak's does.
func (s *Server) realmInfo(_ context.Context, r *web.Request) (web.Reply, error) {
	realm, err := s.enabled(r)
	if err != nil {
		return web.Reply{Header: web.AnyOrigin(r.Request)}, err
	}
	return web.Reply{
		Header:      with(web.AnyOrigin(r.Request), "Cache-Control", "no-cache"),
		ContentType: "application/json;charset=UTF-8",
		Body: realmInfo{
			Realm: realm.Realm.Name, PublicKey: realm.PublicKey,
			TokenService:   protocolBase(realm),
			AccountService: realm.Issuer + "/account", TokensNotBefore: realm.Realm.NotBefore,
		},
	}, nil
}

// keysKept is the Cache-Control of the key set: a new key is published for
// longer than that before it signs.
var keysKept = "public, max-age=" + strconv.Itoa(int(iam.KeySetLife.Seconds()))

// certs answers with the realm's public keys.
func (s *Server) certs(_ context.Context, r *web.Request) (web.Reply, error) {
	realm, err := s.enabled(r)
	if err != nil {
		return web.Reply{Header: web.AnyOrigin(r.Request)}, err
	}
	return web.Reply{Header: with(web.AnyOrigin(r.Request), "Cache-Control", keysKept), Body: realm.JWKS}, nil
}

// discovery answers with the realm's metadata (OpenID Connect Discovery section
// 4, RFC 8414 section 3).
func (s *Server) discovery(_ context.Context, r *web.Request) (web.Reply, error) {
	realm, err := s.enabled(r)
	if err != nil {
		return web.Reply{Header: web.AnyOrigin(r.Request)}, err
	}
	body, err := s.documents.of(realm)
	if err != nil {
		return web.Reply{}, err
	}
	header := with(web.AnyOrigin(r.Request), "Cache-Control", "no-cache, must-revalidate, no-transform, no-store")
	return web.Reply{Header: header, Body: body}, nil
}

// documents remembers each realm's rendered metadata until the realm changes.
type documents struct{ byName sync.Map } // realm name → rendered

type rendered struct {
	realm *token.Realm
	body  []byte
}

func (d *documents) of(realm *token.Realm) ([]byte, error) {
	name := realm.Realm.Name
	if known, ok := d.byName.Load(name); ok && known.(rendered).realm == realm {
		return known.(rendered).body, nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(metadataOf(realm)); err != nil {
		return nil, err
	}
	body := bytes.TrimSpace(buf.Bytes())
	d.byName.Store(name, rendered{realm, body})
	return body, nil
}

// metadata has Keycloak's names in Keycloak's order, without what is not
// served: an authorization endpoint may be absent when no grant needs it (RFC
// 8414 section 2), and logout, which takes no browser yet, is no end-session
// endpoint (OpenID Connect RP-Initiated Logout section 2).
type metadata struct {
	Issuer                string   `json:"issuer"`
	TokenEndpoint         string   `json:"token_endpoint"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	UserinfoEndpoint      string   `json:"userinfo_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	GrantTypes            []string `json:"grant_types_supported"`
	ACRValues             []string `json:"acr_values_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgs           []string `json:"id_token_signing_alg_values_supported"`
	TokenAuth             []string `json:"token_endpoint_auth_methods_supported"`
	IntrospectionAuth     []string `json:"introspection_endpoint_auth_methods_supported"`
	Claims                []string `json:"claims_supported"`
	ClaimTypes            []string `json:"claim_types_supported"`
	ClaimsParameter       bool     `json:"claims_parameter_supported"`
	Scopes                []string `json:"scopes_supported"`
	RequestParameter      bool     `json:"request_parameter_supported"`
	RequestURIParameter   bool     `json:"request_uri_parameter_supported"`
	BoundAccessTokens     bool     `json:"tls_client_certificate_bound_access_tokens"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	RevocationAuth        []string `json:"revocation_endpoint_auth_methods_supported"`
}

func metadataOf(realm *token.Realm) metadata {
	base := protocolBase(realm)
	return metadata{
		Issuer:                realm.Issuer,
		TokenEndpoint:         base + "/token",
		IntrospectionEndpoint: base + "/token/introspect",
		UserinfoEndpoint:      base + "/userinfo",
		JWKSURI:               base + "/certs",
		GrantTypes:            grantTypes(realm),
		ACRValues:             []string{"1"}, // nobody is logged in by a cookie yet
		// The member is required; of the registered values only this one promises
		// nothing of an authorization endpoint.
		ResponseTypes:      []string{"none"},
		SubjectTypes:       []string{"public"},
		IDTokenAlgs:        signingAlgorithms(realm),
		TokenAuth:          oauth.AuthMethods(),
		IntrospectionAuth:  oauth.SecretMethods(),
		Claims:             claims(),
		ClaimTypes:         []string{"normal"},
		Scopes:             scopes(&realm.Realm),
		RevocationEndpoint: base + "/revoke",
		RevocationAuth:     oauth.AuthMethods(),
	}
}

// grantTypes lists the grants that are served; the password grant only where
// some client may use it (RFC 9700 section 2.4 would have it go).
func grantTypes(realm *token.Realm) []string {
	for _, c := range realm.Clients {
		if c.Enabled && c.DirectAccessGrants {
			return oauth.GrantTypes()
		}
	}
	return slices.DeleteFunc(oauth.GrantTypes(), func(g string) bool { return g == oauth.GrantPassword })
}

func protocolBase(realm *token.Realm) string { return realm.Issuer + "/protocol/openid-connect" }

// signingAlgorithms lists what ID tokens may be signed with, of the algorithms
// with an active key, the realm's own first.
func signingAlgorithms(realm *token.Realm) []string {
	own := realm.Realm.SignatureAlgorithm
	var algs []string
	for alg := range realm.Keys.Signing {
		if alg != own && token.Asymmetric(alg) {
			algs = append(algs, alg)
		}
	}
	slices.Sort(algs)
	if _, ok := realm.Keys.Signing[own]; ok && token.Asymmetric(own) {
		algs = slices.Insert(algs, 0, own)
	}
	return algs
}

func claims() []string {
	return []string{
		"iss", "sub", "aud", "exp", "iat", "name", "given_name", "family_name", "preferred_username",
		"email", "email_verified", "acr", "azp", "sid",
	}
}

// scopes lists openid and the realm's client scopes, without those that a
// request is refused for.
func scopes(realm *iam.Realm) []string {
	names := []string{token.ScopeOpenID}
	for i := range realm.ClientScopes {
		switch name := realm.ClientScopes[i].Name; {
		case name == token.ScopeOfflineAccess: // there are no offline sessions
		case name == iam.VideoAudience && realm.NoVideoAudience:
		case !slices.Contains(names, name):
			names = append(names, name)
		}
	}
	return names
}

// authServerURL is the login service's base, as Keycloak's clients configure
// it: the issuer without its realm part, with a trailing slash.
func authServerURL(realm *token.Realm) string {
	return strings.TrimSuffix(realm.Issuer, "realms/"+realm.Realm.Name)
}

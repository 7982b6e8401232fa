package iam

import (
	"encoding/json"
	"slices"
)

// Realm is an isolated set of users, clients, keys and settings. It is stored
// as one typed document; the member names are ours, the meanings Keycloak's.
type Realm struct {
	ID          string `json:"id"` // UUID
	Name        string `json:"name"`
	DisplayName string `json:"displayName,omitempty"`
	Enabled     bool   `json:"enabled"`
	// SSLRequired is Keycloak's sslRequired: "external" (default), "all", "none".
	SSLRequired string `json:"sslRequired"`
	// NotBefore refuses tokens whose iat is smaller (Unix seconds; 0 none).
	NotBefore int64 `json:"notBefore,omitempty"`
	// SignatureAlgorithm signs access and ID tokens: RS256, PS256, ES256, EdDSA.
	SignatureAlgorithm string `json:"signatureAlgorithm"`

	Lifetimes Lifetimes `json:"lifetimes"`

	// RevokeRefreshToken selects the rotating refresh policy; false is the
	// reusable one (Keycloak's default). A client may override it.
	RevokeRefreshToken bool `json:"revokeRefreshToken"`
	// RefreshTokenMaxReuse is Keycloak's refreshTokenMaxReuse: extra uses of a
	// rotated-out direct parent without time limit.
	RefreshTokenMaxReuse int `json:"refreshTokenMaxReuse,omitempty"`
	// RotationWindow is how long, in seconds from its first use, a rotated-out
	// refresh token still converges on its successor (0..60).
	RotationWindow int `json:"rotationWindow"`
	// RejectAhead refuses tokens whose generation is ahead of the row (commits
	// lost by a restore); the default adopts them and raises an event.
	RejectAhead bool `json:"rejectAhead,omitempty"`

	Guessing GuessPolicy `json:"guessing"`

	LoginWithEmail bool `json:"loginWithEmail"`
	// NoVerifiedPasswordCache switches the verified-password cache off.
	NoVerifiedPasswordCache bool `json:"noVerifiedPasswordCache,omitempty"`

	// Compatibility switches; the zero value is the documented system's behaviour.
	TokenTypeCapital    bool `json:"tokenTypeCapital,omitempty"`    // "Bearer" instead of "bearer"
	WrongPasswordIs400  bool `json:"wrongPasswordIs400,omitempty"`  // instead of 401
	NoSessionStateClaim bool `json:"noSessionStateClaim,omitempty"` // tokens carry sid only
	// NoVideoAudience removes the built-in default client scope "video-api".
	NoVideoAudience bool `json:"noVideoAudience,omitempty"`

	Roles       []Role            `json:"roles,omitempty"`       // realm roles
	ClientRoles map[string][]Role `json:"clientRoles,omitempty"` // by clientId
	// DefaultRole is the composite role every user has (Keycloak: default-roles-{realm}).
	DefaultRole    string            `json:"defaultRole,omitempty"`
	Groups         []Group           `json:"groups,omitempty"`
	ClientScopes   []ClientScope     `json:"clientScopes"`
	DefaultScopes  []string          `json:"defaultScopes"`  // given to new clients
	OptionalScopes []string          `json:"optionalScopes"` // given to new clients
	PasswordPolicy string            `json:"passwordPolicy,omitempty"`
	Attributes     map[string]string `json:"attributes,omitempty"`
	// Kept holds the members of the imported file that this release keeps but
	// does not use, so that a later export or release can.
	Kept map[string]json.RawMessage `json:"kept,omitempty"`
}

// Lifetimes are a realm's token and session lifetimes in seconds, Keycloak's
// names without the repeated words. A maximum of 0 means none.
type Lifetimes struct {
	AccessToken           int  `json:"accessToken"`           // accessTokenLifespan
	SessionIdle           int  `json:"sessionIdle"`           // ssoSessionIdleTimeout
	SessionMax            int  `json:"sessionMax"`            // ssoSessionMaxLifespan; 0 none
	SessionIdleRememberMe int  `json:"sessionIdleRememberMe"` // 0: as SessionIdle
	SessionMaxRememberMe  int  `json:"sessionMaxRememberMe"`
	OfflineIdle           int  `json:"offlineIdle"`
	OfflineMax            int  `json:"offlineMax"`
	OfflineMaxEnabled     bool `json:"offlineMaxEnabled"`
	ClientSessionIdle     int  `json:"clientSessionIdle"` // 0: as SessionIdle
	ClientSessionMax      int  `json:"clientSessionMax"`  // 0: as SessionMax
	AccessCode            int  `json:"accessCode"`
}

// Role is a realm or client role; a composite contains others.
type Role struct {
	ID          string              `json:"id,omitempty"`
	Name        string              `json:"name"`
	Description string              `json:"description,omitempty"`
	Realm       []string            `json:"realm,omitempty"`  // contained realm roles
	Client      map[string][]string `json:"client,omitempty"` // contained client roles by clientId
}

// Group is a group of users; its roles are its members'.
type Group struct {
	ID          string              `json:"id,omitempty"`
	Name        string              `json:"name"`
	Path        string              `json:"path"` // "/parent/child"
	RealmRoles  []string            `json:"realmRoles,omitempty"`
	ClientRoles map[string][]string `json:"clientRoles,omitempty"`
	Attributes  map[string][]string `json:"attributes,omitempty"`
}

// ClientScope is a named set of protocol mappers, assigned to clients as
// default (always applied) or optional (applied when asked for by name).
type ClientScope struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
	// InTokenScope is Keycloak's include.in.token.scope: the name shows up in
	// the scope member of answers and access tokens.
	InTokenScope bool     `json:"inTokenScope,omitempty"`
	Mappers      []Mapper `json:"mappers,omitempty"`
}

// Mapper is a Keycloak protocol mapper: it puts one claim or audience into tokens.
type Mapper struct {
	Name   string            `json:"name"`
	Kind   string            `json:"kind"` // protocolMapper id, e.g. oidc-usermodel-attribute-mapper
	Config map[string]string `json:"config,omitempty"`
}

// RealmConfig is one realm with its clients, as one configuration snapshot
// holds them: immutable, shared by all requests.
type RealmConfig struct {
	Realm   Realm
	Clients map[string]*Client // by clientId
	// ClientsDamaged says that the row of a client of this realm is damaged: a
	// client that is not among the others may be the one.
	ClientsDamaged bool
}

// NoClient is why a client may be missing: nil, or ErrDamaged where it may be
// the one whose row is damaged.
func (c *RealmConfig) NoClient() error {
	if c.ClientsDamaged {
		return ErrDamaged
	}
	return nil
}

// ClientByID finds a client by its internal UUID.
func (c *RealmConfig) ClientByID(id string) (*Client, bool) {
	for _, cl := range c.Clients {
		if cl.ID == id {
			return cl, true
		}
	}
	return nil, false
}

// HasRole says whether a role of that name is in the list.
func HasRole(list []Role, name string) bool {
	return slices.ContainsFunc(list, func(r Role) bool { return r.Name == name })
}

// HasScope says whether a client scope of that name is in the list.
func HasScope(list []ClientScope, name string) bool {
	return slices.ContainsFunc(list, func(s ClientScope) bool { return s.Name == name })
}

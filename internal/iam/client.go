package iam

import "encoding/json"

// Client is an application that may ask for tokens.
type Client struct {
	ID       string `json:"id"` // UUID
	RealmID  string `json:"-"`
	ClientID string `json:"clientId"`
	Name     string `json:"name,omitempty"`
	Protocol string `json:"protocol"` // "openid-connect"; others are refused at the token endpoint
	Enabled  bool   `json:"enabled"`

	Public             bool `json:"public"`
	BearerOnly         bool `json:"bearerOnly,omitempty"`
	ConsentRequired    bool `json:"consentRequired,omitempty"`
	StandardFlow       bool `json:"standardFlow,omitempty"`
	DirectAccessGrants bool `json:"directAccessGrants,omitempty"`
	ServiceAccounts    bool `json:"serviceAccounts,omitempty"`
	FullScopeAllowed   bool `json:"fullScopeAllowed"`

	// SealedSecret is the client secret under the master key; Secret is the
	// opened value, only in a snapshot's memory.
	SealedSecret []byte `json:"sealedSecret,omitempty"`
	Secret       string `json:"-"`

	NotBefore      int64             `json:"notBefore,omitempty"` // Unix seconds
	RedirectURIs   []string          `json:"redirectUris,omitempty"`
	WebOrigins     []string          `json:"webOrigins,omitempty"`
	Attributes     map[string]string `json:"attributes,omitempty"` // Keycloak's client attributes
	Mappers        []Mapper          `json:"mappers,omitempty"`
	DefaultScopes  []string          `json:"defaultScopes,omitempty"`
	OptionalScopes []string          `json:"optionalScopes,omitempty"`
	// ScopeRoles are the roles the client may see when FullScopeAllowed is off.
	ScopeRoles map[string][]string `json:"scopeRoles,omitempty"` // "" = realm, else clientId

	// RevokeRefreshToken overrides the realm's refresh policy; nil inherits.
	RevokeRefreshToken *bool `json:"revokeRefreshToken,omitempty"`
	// Recovery overrides the recovery rule of rotating families; "" takes the
	// kind's default (public: unconfirmed, confidential: until_used).
	Recovery Recovery `json:"recovery,omitempty"`

	Kept map[string]json.RawMessage `json:"kept,omitempty"`
}

// Rotates says whether families opened for c in r follow the rotating policy.
func (c *Client) Rotates(r *Realm) bool {
	if c.RevokeRefreshToken != nil {
		return *c.RevokeRefreshToken
	}
	return r.RevokeRefreshToken
}

// RecoveryRule is the rule for a lost response in force for c.
func (c *Client) RecoveryRule() Recovery {
	switch {
	case c.Recovery != "":
		return c.Recovery
	case c.Public:
		return RecoverUnconfirmed
	default:
		return RecoverUntilUsed
	}
}

package api

// The kinds of clients.
const (
	KindPublic       = "public"
	KindConfidential = "confidential"
	KindBearerOnly   = "bearer-only"
)

// Client is a client as an operator sees one: its secret is never shown again.
type Client struct {
	ID                 string            `json:"id"`
	ClientID           string            `json:"client_id"`
	Name               string            `json:"name,omitempty"`
	Kind               string            `json:"kind"`
	Protocol           string            `json:"protocol"`
	Enabled            bool              `json:"enabled"`
	ConsentRequired    bool              `json:"consent_required,omitempty"`
	StandardFlow       bool              `json:"standard_flow"`
	DirectAccessGrants bool              `json:"direct_access_grants"`
	ServiceAccounts    bool              `json:"service_accounts"`
	FullScopeAllowed   bool              `json:"full_scope_allowed"`
	RefreshPolicy      string            `json:"refresh_policy"`       // "rotating" or "reusable"
	NotBefore          int64             `json:"not_before,omitempty"` // Unix s
	RedirectURIs       []string          `json:"redirect_uris,omitempty"`
	WebOrigins         []string          `json:"web_origins,omitempty"`
	DefaultScopes      []string          `json:"default_scopes,omitempty"`
	OptionalScopes     []string          `json:"optional_scopes,omitempty"`
	Attributes         map[string]string `json:"attributes,omitempty"`
}

// NewClient asks for a client. What is not asked for is off.
type NewClient struct {
	ClientID           string   `json:"client_id"`
	Name               string   `json:"name,omitempty"`
	Kind               string   `json:"kind"`
	Disabled           bool     `json:"disabled,omitempty"`
	StandardFlow       bool     `json:"standard_flow,omitempty"`
	DirectAccessGrants bool     `json:"direct_access_grants,omitempty"`
	ServiceAccounts    bool     `json:"service_accounts,omitempty"` // confidential clients only
	RedirectURIs       []string `json:"redirect_uris,omitempty"`
	WebOrigins         []string `json:"web_origins,omitempty"`
}

// ClientSecret is a client with the secret made for it: 256 random bits, shown
// this once. "" for a client without one.
type ClientSecret struct {
	Client Client `json:"client"`
	Secret string `json:"secret,omitempty"`
}

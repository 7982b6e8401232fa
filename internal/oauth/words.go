package oauth

// The grant types the token endpoint serves (RFC 6749 sections 4.3, 4.4 and 6).
const (
	GrantPassword          = "password"
	GrantRefreshToken      = "refresh_token"
	GrantClientCredentials = "client_credentials"
)

// How a client may authenticate (OpenID Connect Core section 9).
const (
	AuthNone   = "none"
	AuthBasic  = "client_secret_basic"
	AuthPost   = "client_secret_post"
	BasicWord  = "Basic"
	BearerWord = "Bearer"
)

// GrantTypes lists the grant types served, as discovery states them.
func GrantTypes() []string {
	return []string{GrantClientCredentials, GrantPassword, GrantRefreshToken}
}

// AuthMethods lists the ways a client may authenticate at the token, revocation
// and logout endpoints, as discovery states them.
func AuthMethods() []string { return []string{AuthNone, AuthBasic, AuthPost} }

// SecretMethods lists the ways a confidential client may authenticate; an
// endpoint closed to public clients, introspection, offers only these.
func SecretMethods() []string { return []string{AuthBasic, AuthPost} }

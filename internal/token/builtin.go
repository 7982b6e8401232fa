package token

import "github.com/seed-a6a28e10/usher/internal/iam"

// BuiltinScopes are the client scopes of a new realm, Keycloak's and ours.
func BuiltinScopes() []iam.ClientScope {
	return []iam.ClientScope{
		profileScope(),
		{Name: "email", InTokenScope: true, Mappers: []iam.Mapper{
			property("email", "email", "String"),
			property("emailVerified", "email_verified", "boolean"),
		}},
		{Name: "address", InTokenScope: true, Mappers: []iam.Mapper{addressMapper()}},
		{Name: "phone", InTokenScope: true, Mappers: []iam.Mapper{
			attribute("phoneNumber", "phone_number", "String"),
			attribute("phoneNumberVerified", "phone_number_verified", "boolean"),
		}},
		{Name: ScopeOfflineAccess, InTokenScope: true},
		{Name: "roles", Mappers: []iam.Mapper{
			{Name: "realm roles", Kind: "oidc-usermodel-realm-role-mapper", Config: map[string]string{
				"claim.name": "realm_access.roles", "jsonType.label": "String", "multivalued": "true",
				"access.token.claim": "true", "id.token.claim": "false", "userinfo.token.claim": "false"}},
			{Name: "client roles", Kind: "oidc-usermodel-client-role-mapper", Config: map[string]string{
				"claim.name": "resource_access.${client_id}.roles", "jsonType.label": "String", "multivalued": "true",
				"access.token.claim": "true", "id.token.claim": "false", "userinfo.token.claim": "false"}},
			{Name: "audience resolve", Kind: "oidc-audience-resolve-mapper", Config: map[string]string{"access.token.claim": "true"}},
		}},
		{Name: "web-origins", Mappers: []iam.Mapper{
			{Name: "allowed web origins", Kind: "oidc-allowed-origins-mapper", Config: map[string]string{"access.token.claim": "true"}},
		}},
		{Name: "microprofile-jwt", InTokenScope: true, Mappers: []iam.Mapper{
			property("username", "upn", "String"),
			{Name: "groups", Kind: "oidc-usermodel-realm-role-mapper", Config: everywhere(map[string]string{
				"claim.name": "groups", "jsonType.label": "String", "multivalued": "true"})},
		}},
		{Name: "acr", Mappers: []iam.Mapper{{Name: "acr loa level", Kind: "oidc-acr-mapper",
			Config: map[string]string{"access.token.claim": "true", "id.token.claim": "true"}}}},
		{Name: "basic", Mappers: []iam.Mapper{{Name: "sub", Kind: "oidc-sub-mapper",
			Config: map[string]string{"access.token.claim": "true"}}}},
		videoScope,
	}
}

// BuiltinDefaults names the built-in scopes that a new client has by default,
// in the order that makes an answer's scope "openid profile email".
func BuiltinDefaults() []string {
	return []string{"web-origins", "acr", "profile", "roles", "basic", "email"}
}

// BuiltinOptionals names the built-in scopes a new client may ask for.
func BuiltinOptionals() []string {
	return []string{"address", "phone", ScopeOfflineAccess, "microprofile-jwt"}
}

// videoScope is in force for every client of every realm unless the realm sets
// NoVideoAudience: it makes access tokens good for the video API.
// It is a table made once, since every request applies it; nothing writes to it.
var videoScope = iam.ClientScope{Name: iam.VideoAudience, Mappers: []iam.Mapper{
	{Name: "video-api audience", Kind: "oidc-audience-mapper", Config: map[string]string{
		"included.custom.audience": iam.VideoAudience, "access.token.claim": "true", "id.token.claim": "false"}},
}}

func profileScope() iam.ClientScope {
	return iam.ClientScope{Name: "profile", InTokenScope: true, Mappers: []iam.Mapper{
		{Name: "full name", Kind: "oidc-full-name-mapper", Config: everywhere(map[string]string{})},
		property("username", "preferred_username", "String"),
		property("firstName", "given_name", "String"),
		property("lastName", "family_name", "String"),
		attribute("middleName", "middle_name", "String"),
		attribute("nickname", "nickname", "String"),
		attribute("profile", "profile", "String"),
		attribute("picture", "picture", "String"),
		attribute("website", "website", "String"),
		attribute("gender", "gender", "String"),
		attribute("birthdate", "birthdate", "String"),
		attribute("zoneinfo", "zoneinfo", "String"),
		attribute("locale", "locale", "String"),
		attribute("updatedAt", "updated_at", "long"),
	}}
}

func addressMapper() iam.Mapper {
	config := map[string]string{}
	for _, part := range addressParts {
		config["user.attribute."+part.config] = part.config
	}
	return iam.Mapper{Name: "address", Kind: "oidc-address-mapper", Config: everywhere(config)}
}

func property(name, claim, label string) iam.Mapper {
	return iam.Mapper{Name: claim, Kind: "oidc-usermodel-property-mapper", Config: everywhere(map[string]string{
		"user.attribute": name, "claim.name": claim, "jsonType.label": label})}
}

func attribute(name, claim, label string) iam.Mapper {
	m := property(name, claim, label)
	m.Kind = "oidc-usermodel-attribute-mapper"
	return m
}

// everywhere adds the switches for all three places where claims appear.
func everywhere(config map[string]string) map[string]string {
	for _, place := range []string{"access.token.claim", "id.token.claim", "userinfo.token.claim"} {
		config[place] = "true"
	}
	return config
}

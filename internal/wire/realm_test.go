package wire

// tokenPath is the documented token endpoint.
const tokenPath = "/auth/realms/platform/protocol/openid-connect/token"

// defaultRealm holds two realms: platform, as documented, and rotating, whose
// families rotate.
const defaultRealm = `[
{
  "realm": "platform", "enabled": true, "accessTokenLifespan": 300, "ssoSessionIdleTimeout": 3600, "ssoSessionMaxLifespan": 360000,
  "loginWithEmailAllowed": true,
  "clients": [
    {"clientId": "anonymous", "publicClient": true, "directAccessGrantsEnabled": true, "redirectUris": ["https://app.example.org/*"], "webOrigins": ["+"]},
    {"clientId": "confidential", "publicClient": false, "secret": "a secret: 100% & more", "directAccessGrantsEnabled": true, "serviceAccountsEnabled": true},
    {"clientId": "backend", "publicClient": false, "secret": "another", "directAccessGrantsEnabled": true, "serviceAccountsEnabled": false},
    {"clientId": "browser-only", "publicClient": true, "directAccessGrantsEnabled": false},
    {"clientId": "off", "enabled": false, "publicClient": true, "directAccessGrantsEnabled": true},
    {"clientId": "bearer", "bearerOnly": true, "secret": "a secret"},
    {"clientId": "saml", "protocol": "saml", "publicClient": true},
    {"clientId": "consent", "publicClient": true, "directAccessGrantsEnabled": true, "consentRequired": true}
  ],
  "users": [
    {"username": "user@example.org", "enabled": true, "email": "user@example.org", "emailVerified": true, "firstName": "Given", "lastName": "Family",
     "credentials": [{"type": "password", "value": "an example password"}]},
    {"username": "other", "enabled": true, "email": "other@example.org", "credentials": [{"type": "password", "value": " ;%26+&=\t😀 blanks around "}]},
    {"username": "disabled", "enabled": false, "credentials": [{"type": "password", "value": "an example password"}]},
    {"username": "waiting", "enabled": true, "requiredActions": ["UPDATE_PASSWORD"], "credentials": [{"type": "password", "value": "an example password"}]},
    {"username": "nobody", "enabled": true}
  ],
  "videoManagers": [
    {"id": 5, "name": "First", "uuid": "0b9b4cf2-5a0c-4f5e-9a3e-1d2f3a4b5c6d", "configuration": {"language": "de"}, "members": ["user@example.org"]},
    {"id": 97, "name": "Second", "uuid": "6f0d2a52-1111-4c5e-8a3e-1d2f3a4b5c6e", "members": ["user@example.org"]},
    {"id": 319, "name": "Third", "uuid": "7a0d2a52-2222-4c5e-8a3e-1d2f3a4b5c6f", "members": ["other"]}
  ]
},
{
  "realm": "rotating", "enabled": true, "accessTokenLifespan": 300, "ssoSessionIdleTimeout": 3600, "ssoSessionMaxLifespan": 360000,
  "revokeRefreshToken": true,
  "clients": [{"clientId": "anonymous", "publicClient": true, "directAccessGrantsEnabled": true}],
  "users": [{"username": "user@example.org", "enabled": true, "email": "user@example.org", "firstName": "Given", "lastName": "Family",
     "credentials": [{"type": "password", "value": "an example password"}]}]
},
{
  "realm": "closed", "enabled": false,
  "clients": [{"clientId": "anonymous", "publicClient": true, "directAccessGrantsEnabled": true}]
}]`

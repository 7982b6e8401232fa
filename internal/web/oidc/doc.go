// Package oidc serves the login service's protocol endpoints in Keycloak's
// shapes, the two discovery documents on the API root, and the JSON login that
// came before them. It may import web, grant, token, iam, oauth and api.
package oidc

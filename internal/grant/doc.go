// Package grant is the token endpoint and its neighbours: client
// authentication, the password, refresh and client-credentials grants,
// revocation, introspection, logout by refresh token and userinfo. A method
// reads, decides by pure rules, commits with one store call, then mints.
//
// It may import iam, oauth, secret and token. What it needs of other services
// it names as interfaces here; package app plugs them in.
package grant

// Package token makes and checks Usher's own tokens: claims, scopes and
// protocol mappers, minting, verifying, and the compact JWS underneath. It may
// import iam, oauth and secret.
package token

package app

import (
	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/token"
)

const (
	defaultRealm = iam.DefaultRealm
	audience     = iam.VideoAudience
)

// builtinScopes are the client scopes of realms whose file brings none.
func builtinScopes() admin.Scopes {
	return admin.Scopes{All: token.BuiltinScopes(), Default: token.BuiltinDefaults(), Optional: token.BuiltinOptionals()}
}

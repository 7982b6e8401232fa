package token

import (
	"slices"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// The scope names with a meaning of their own.
const (
	ScopeOpenID        = "openid"
	ScopeOfflineAccess = "offline_access"
)

// Scopes are the client scopes in force for one token.
type Scopes struct {
	// OpenID says that openid was asked for: there is an ID token.
	OpenID bool
	// Applied are the client scopes in force, defaults first; read only.
	Applied []iam.ClientScope
	// Public is the scope of answers and access tokens: "openid profile email".
	Public string
	// Full names everything in force, as refresh tokens state it.
	Full string
}

// ResolveScopes applies the scope parameter of a request to a client: openid
// first, then the client's default scopes in their order, then the optional
// ones as asked for. "" asks for nothing. What the client has not is refused
// with InvalidScope, whose argument is the parameter as sent.
func ResolveScopes(cfg *iam.RealmConfig, c *iam.Client, requested string) (Scopes, error) {
	asked, err := oauth.Scopes(requested)
	if err != nil {
		return Scopes{}, err
	}
	for _, name := range asked {
		if name != ScopeOpenID && !assigned(cfg, c, name) {
			return Scopes{}, oauth.RefuseArg(oauth.InvalidScope, requested)
		}
	}
	return compose(cfg, c, asked), nil
}

// GrantedScopes applies a scope that was granted earlier (the family's, or the
// scope claim of a token): what the client has lost since is left out.
func GrantedScopes(cfg *iam.RealmConfig, c *iam.Client, granted string) Scopes {
	asked := strings.Fields(granted)
	asked = slices.DeleteFunc(asked, func(name string) bool {
		return name != ScopeOpenID && !assigned(cfg, c, name)
	})
	return compose(cfg, c, asked)
}

// Covers says whether every scope asked for is in force: a refresh may narrow
// the scope, never widen it. "" is covered.
func (s Scopes) Covers(requested string) bool {
	if requested == "" {
		return true
	}
	for name := range strings.SplitSeq(requested, " ") {
		if !s.has(name) {
			return false
		}
	}
	return true
}

// has compares names in place of a set: the lists are a dozen long.
func (s Scopes) has(name string) bool {
	if name == ScopeOpenID {
		return s.OpenID
	}
	return slices.ContainsFunc(s.Applied, func(cs iam.ClientScope) bool { return cs.Name == name })
}

// assigned says whether the client may use the scope: by default or on demand.
func assigned(cfg *iam.RealmConfig, c *iam.Client, name string) bool {
	if name == iam.VideoAudience {
		return !cfg.Realm.NoVideoAudience || slices.Contains(c.DefaultScopes, name) || slices.Contains(c.OptionalScopes, name)
	}
	if !slices.Contains(c.DefaultScopes, name) && !slices.Contains(c.OptionalScopes, name) {
		return false
	}
	_, ok := scopeNamed(cfg, name)
	return ok
}

func compose(cfg *iam.RealmConfig, c *iam.Client, asked []string) Scopes {
	var s Scopes
	s.Applied = make([]iam.ClientScope, 0, len(c.DefaultScopes)+len(asked)+1)
	if slices.Contains(asked, ScopeOpenID) {
		s.OpenID = true
		s.name(ScopeOpenID, true)
	}
	for _, name := range c.DefaultScopes {
		if cs, ok := scopeNamed(cfg, name); ok && !s.has(name) {
			s.apply(cs)
		}
	}
	if !cfg.Realm.NoVideoAudience && !s.has(iam.VideoAudience) {
		s.apply(videoScope)
	}
	for _, name := range asked {
		if s.has(name) {
			continue
		}
		if cs, ok := scopeNamed(cfg, name); ok {
			s.apply(cs)
		}
	}
	return s
}

func (s *Scopes) apply(cs iam.ClientScope) {
	s.Applied = append(s.Applied, cs)
	s.name(cs.Name, cs.InTokenScope)
}

func (s *Scopes) name(name string, public bool) {
	s.Full = joined(s.Full, name)
	if public {
		s.Public = joined(s.Public, name)
	}
}

func joined(list, name string) string {
	if list == "" {
		return name
	}
	return list + " " + name
}

// scopeNamed finds a client scope. The built-in video-api is always ours: a
// realm file that happens to use the name cannot take the audience away.
func scopeNamed(cfg *iam.RealmConfig, name string) (iam.ClientScope, bool) {
	if name == iam.VideoAudience && !cfg.Realm.NoVideoAudience {
		return videoScope, true
	}
	for i := range cfg.Realm.ClientScopes {
		if cfg.Realm.ClientScopes[i].Name == name {
			return cfg.Realm.ClientScopes[i], true
		}
	}
	return iam.ClientScope{}, false
}

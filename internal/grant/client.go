package grant

import (
	"errors"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/token"
)

const protocolOIDC = "openid-connect"

// errNoSecret is a private cause: a confidential client without a secret can
// never authenticate.
var errNoSecret = errors.New("the client has no secret")

// authenticate says which client sent r: by Basic, by body, or by its name
// alone when it is public (RFC 6749 section 2.3). Where both name the same
// client the body's secret wins, as in Keycloak; an empty one counts as absent.
// A public client's secret is ignored, also an empty one.
func authenticate(realm *token.Realm, r Request) (*iam.Client, *oauth.Error) {
	id, given, refused := credentials(r)
	if refused != nil {
		return nil, refused
	}
	client, ok := realm.Clients[id]
	if err := realm.NoClient(); !ok && err != nil {
		return nil, refusal(err)
	}
	if !ok || !client.Enabled {
		return nil, oauth.Refuse(oauth.ClientUnknown)
	}
	if client.Public {
		return client, nil
	}
	if client.Secret == "" {
		return nil, oauth.Refuse(oauth.ClientBadSecret).Because(errNoSecret)
	}
	if !secret.Equal(given, client.Secret) {
		return nil, oauth.Refuse(oauth.ClientBadSecret)
	}
	return client, nil
}

// credentials merges what the body and the Basic header say.
func credentials(r Request) (id, given string, refused *oauth.Error) {
	id, given = r.Form.Get("client_id"), r.Form.Get("client_secret")
	if !r.Basic.Present || r.Basic.Malformed || r.Basic.ID == "" {
		return id, given, nil
	}
	if id != "" && id != r.Basic.ID {
		return "", "", oauth.Refuse(oauth.ClientConflict)
	}
	if given == "" {
		given = r.Basic.Secret
	}
	return r.Basic.ID, given, nil
}

// usable refuses clients that this protocol's endpoints do not serve.
func usable(c *iam.Client) *oauth.Error {
	switch {
	case c.Protocol != protocolOIDC:
		return oauth.Refuse(oauth.ClientWrongProtocol)
	case c.BearerOnly:
		return oauth.Refuse(oauth.ClientBearerOnly)
	default:
		return nil
	}
}

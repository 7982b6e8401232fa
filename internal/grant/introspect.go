package grant

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// inactive is the whole answer for a token that is not live, or none of the
// caller's business (RFC 7662 section 2.2).
const inactive = `{"active":false}`

// Introspect answers RFC 7662 for a confidential client, with the JSON in
// Result.Body. A token is active if and only if the API would accept it and it
// is meant for, or was issued to, the caller.
func (s *Service) Introspect(ctx context.Context, realm *token.Realm, r Request) (Result, error) {
	res, err := s.withKeys(ctx, realm, func(realm *token.Realm) (Result, error) { return s.introspectPhases(ctx, realm, r) })
	if errors.Is(err, token.ErrKey) && !errors.Is(err, iam.ErrUnavailable) {
		res.Body, err = []byte(inactive), nil
	}
	return res, s.counted("introspect", err)
}

func (s *Service) introspectPhases(ctx context.Context, realm *token.Realm, r Request) (Result, error) {
	if refused := admit(realm, r); refused != nil {
		return Result{}, refused
	}
	client, refused := authenticate(realm, r)
	if refused != nil {
		refused = s.clientRefused(ctx, realm, r, iam.EventIntrospectError, refused)
		if refused.Fault != oauth.ClientConflict && refused.Fault != oauth.Unavailable {
			refused = oauth.Refuse(oauth.IntrospectNoAuth).Because(refused).WithID(refused.ID)
		}
		return Result{}, refused
	}
	res := Result{Client: client}
	if client.Public {
		return res, oauth.Refuse(oauth.IntrospectNotAllowed)
	}
	if refused := firstOf(usable(client), wellFormed(r.Form)); refused != nil {
		return res, refused
	}
	raw, refused := introspected(r.Form)
	if refused != nil {
		return res, refused
	}
	body, err := s.introspect(ctx, realm, client, raw)
	res.Body = body
	return res, err
}

// introspected reads the token; a wrong hint does not hide it.
func introspected(f *oauth.Form) (string, *oauth.Error) {
	raw := f.Get("token")
	if raw == "" {
		return "", oauth.Refuse(oauth.IntrospectNoToken)
	}
	switch hint := f.Get("token_type_hint"); hint {
	case "", "access_token", "refresh_token":
		return raw, nil
	default:
		return "", oauth.RefuseArg(oauth.IntrospectTokenType, hint)
	}
}

func (s *Service) introspect(ctx context.Context, realm *token.Realm, caller *iam.Client, raw string) ([]byte, error) {
	claims, err := realm.Parse(raw, token.KindAccess, token.KindRefresh)
	if errors.Is(err, token.ErrKey) {
		return nil, err
	}
	if err != nil || !concerns(claims, caller) {
		return []byte(inactive), nil
	}
	j, v, err := s.judge(ctx, realm, claims)
	if err != nil {
		return nil, err
	}
	if v != live || claims.Type == token.KindRefresh && !j.refreshable(realm) {
		return []byte(inactive), nil
	}
	s.seen(&j)
	return j.render()
}

// concerns says whether the caller may know about the token: it is in its
// audience, or it is the client the token was issued to.
func concerns(c *token.Claims, caller *iam.Client) bool {
	return c.AuthorizedParty == caller.ClientID || c.HasAudience(caller.ClientID)
}

// refreshable says whether a refresh token of a live family is its current
// one; a rotated-out one is not, though it may still converge for a moment.
func (j *judged) refreshable(realm *token.Realm) bool {
	if j.view == nil { // it names no session
		return false
	}
	f := &j.view.Family
	if !f.Rotating {
		return true
	}
	current, err := currentOf(realm, f)
	return err == nil && current.gen == j.claims.Gen && current.jti == j.claims.ID
}

// render writes the token's claims in their order, then what introspection
// says of them. A claim of the same name (service accounts have client_id,
// mappers may add anything) gives way: no member stands there twice.
func (j *judged) render() ([]byte, error) {
	said := struct {
		ClientID  string `json:"client_id"`
		Username  string `json:"username,omitempty"`
		TokenType string `json:"token_type"`
		Active    bool   `json:"active"`
	}{j.client.ClientID, j.user.Username, string(j.claims.Type), true}
	tail, err := json.Marshal(said)
	if err != nil {
		return nil, err
	}
	head, err := without(j.claims.Payload, "client_id", "username", "token_type", "active")
	if err != nil {
		return nil, err
	}
	head[len(head)-1] = ','
	return append(head, tail[1:]...), nil
}

// without copies a JSON object that has other members too, leaving the named
// ones out and the others as they are.
func without(object []byte, names ...string) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, len(object)+256), '{')
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		if isOneOf(name, names) {
			continue
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	return append(out, '}'), nil
}

func isOneOf(name json.Token, names []string) bool {
	for _, n := range names {
		if name == n {
			return true
		}
	}
	return false
}

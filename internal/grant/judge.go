package grant

import (
	"context"
	"errors"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// verdict is why a token is not live; "" when it is.
type verdict string

// The verdicts are userinfo's public descriptions, as Keycloak words them.
const (
	live            verdict = ""
	badToken        verdict = "Token verification failed"
	clientNotFound  verdict = "Client not found"
	clientDisabled  verdict = "Client disabled"
	wrongProtocol   verdict = "Wrong client protocol"
	userNotFound    verdict = "User not found"
	userDisabled    verdict = "User disabled"
	sessionNotFound verdict = "user_session_not_found"
	sessionExpired  verdict = "session_expired"
)

// judged is a token with everything its verdict rests upon.
type judged struct {
	claims *token.Claims
	client *iam.Client // azp
	user   *iam.User
	view   *iam.FamilyView // nil for a sessionless token
}

// judge says whether a token whose signature and kind are good is live now:
// the same question for introspection and userinfo, asked of the store. Its
// error is storage trouble.
func (s *Service) judge(ctx context.Context, realm *token.Realm, c *token.Claims) (judged, verdict, error) {
	j := judged{claims: c}
	if c.Issuer != realm.Issuer || iam.Stale(c.IssuedAt, realm.Realm.NotBefore) {
		return j, badToken, nil
	}
	at, err := s.load(ctx, realm, &j)
	switch {
	case errors.Is(err, iam.ErrNotFound):
		if c.SessionID == "" {
			return j, userNotFound, nil
		}
		return j, sessionNotFound, nil
	case err != nil:
		return j, badToken, err
	}
	if now := time.UnixMilli(at); c.ExpiredAt(now) || c.EarlyAt(now) {
		return j, badToken, nil
	}
	if v := j.judgeClient(realm); v == clientNotFound {
		return j, v, realm.NoClient()
	} else if v != live {
		return j, v, nil
	}
	if v := j.judgeUser(); v != live {
		return j, v, nil
	}
	if v := j.judgeSession(realm); v != live {
		return j, v, nil
	}
	revoked, err := s.store.TokenRevoked(ctx, realm.Realm.ID, c.ID)
	if err != nil || revoked {
		return j, badToken, err
	}
	return j, live, nil
}

// load reads the token's rows and the time to judge them by.
func (s *Service) load(ctx context.Context, realm *token.Realm, j *judged) (at int64, err error) {
	c := j.claims
	if c.SessionID == "" {
		user, err := s.store.User(ctx, realm.Realm.ID, c.Subject)
		j.user = &user
		return s.now().UnixMilli(), err
	}
	view, err := s.store.Family(ctx, realm.Realm.ID, c.Family)
	j.view, j.user = &view, view.User
	return view.At, err
}

func (j *judged) judgeClient(realm *token.Realm) verdict {
	client, ok := realm.Clients[j.claims.AuthorizedParty]
	j.client = client
	switch {
	case !ok:
		return clientNotFound
	case !client.Enabled:
		return clientDisabled
	case client.Protocol != protocolOIDC:
		return wrongProtocol
	case iam.Stale(j.claims.IssuedAt, client.NotBefore):
		return badToken
	default:
		return live
	}
}

func (j *judged) judgeUser() verdict {
	switch {
	case j.user == nil || j.user.ID != j.claims.Subject:
		return userNotFound
	case !j.user.Enabled:
		return userDisabled
	case iam.Stale(j.claims.IssuedAt, j.user.NotBefore):
		return badToken
	default:
		return live
	}
}

// judgeSession judges without a fresh refresh token in hand, so a session is
// idle only after 1¼ timeouts.
func (j *judged) judgeSession(realm *token.Realm) verdict {
	if j.view == nil {
		return live
	}
	v := j.view
	switch {
	case v.Session == nil || v.Session.ID != j.claims.SessionID,
		v.ClientSession == nil || v.Family.ClientID != j.client.ID,
		v.Family.RevokedAt != 0:
		return sessionNotFound
	case v.Session.StartedAt > j.claims.IssuedAt*1000+reusedIDMargin:
		return badToken
	}
	terms := iam.TermsOf(&realm.Realm, j.client, v.Session, v.ClientSession.StartedAt)
	if terms.SessionOver(v.At) || terms.ClientSessionOver(v.At) || terms.Idle(v.Session.LastRefresh, v.At) {
		return sessionExpired
	}
	return live
}

// seen tells that an access token of the family's current generation arrived.
func (s *Service) seen(j *judged) {
	if j.view == nil || j.claims.Type != token.KindAccess {
		return
	}
	if f := &j.view.Family; f.Rotating && !f.Confirmed && f.Gen == j.claims.Gen {
		s.confirm(f.ID, f.Gen)
	}
}

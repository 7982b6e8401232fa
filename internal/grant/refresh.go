package grant

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// refreshGrant is a refresh grant's parameters (RFC 6749 section 6).
type refreshGrant struct {
	Token   string
	Scope   string // "" for the scope of the login
	Address netip.Addr

	judgeOnly bool // nothing is granted; the answer is nil
}

// refreshTries is how often a presentation is decided when its row changes
// between the read and the write.
const refreshTries = 3

// refreshing is one presentation of a refresh token on its way through the checks.
type refreshing struct {
	realm   *token.Realm
	client  *iam.Client
	grant   refreshGrant
	claims  *token.Claims
	view    iam.FamilyView
	terms   iam.Terms
	granted token.Scopes // of the login, as far as the client still has them
	wanted  token.Scopes // what grant.Scope asks for
}

// refresh serves the refresh grant for a client that is authenticated: the
// checks stand in Keycloak's order, the rotation rules in iam.Family.Present.
// Its error is an *oauth.Error; storage trouble is Unavailable, never a "no".
func (s *Service) refresh(ctx context.Context, realm *token.Realm, client *iam.Client, g refreshGrant) (*Answer, error) {
	if g.Token == "" {
		return nil, oauth.Refuse(oauth.NoRefreshToken)
	}
	r := refreshing{realm: realm, client: client, grant: g}
	var err error
	if g.Scope != "" {
		if r.wanted, err = token.ResolveScopes(realm.RealmConfig, client, g.Scope); err != nil {
			return nil, refusal(err)
		}
	}
	claims, err := realm.Parse(g.Token, token.KindRefresh)
	if errors.Is(err, iam.ErrUnavailable) { // the key may be one that is damaged
		return nil, refusal(err)
	}
	if err != nil {
		return nil, oauth.Refuse(oauth.RefreshInvalid).Because(err).WithHint(parseHint(err))
	}
	if claims.Issuer != realm.Issuer {
		return nil, oauth.RefuseArg(oauth.RefreshWrongIssuer, realm.Issuer)
	}
	r.claims = claims
	for range refreshTries {
		answer, err := s.refreshOnce(ctx, &r)
		if err == nil {
			return answer, nil
		}
		if !errors.Is(err, iam.ErrStale) {
			return nil, refusal(err)
		}
	}
	return nil, refusal(iam.ErrStale)
}

// refreshOnce reads, decides, commits, mints.
func (s *Service) refreshOnce(ctx context.Context, r *refreshing) (*Answer, error) {
	view, err := s.store.Family(ctx, r.realm.Realm.ID, r.claims.Family)
	if errors.Is(err, iam.ErrNotFound) {
		view = iam.FamilyView{At: s.now().UnixMilli()}
	} else if err != nil {
		return nil, err
	}
	r.view = view
	if refused := r.check(); refused != nil {
		return nil, s.refreshRefused(ctx, r, refused)
	}
	if !view.Family.Rotating && view.Family.RevokedAt == 0 {
		if r.grant.judgeOnly {
			return nil, nil
		}
		return s.pass(ctx, r)
	}
	return s.present(ctx, r)
}

// check holds a presentation to everything but the rotation rules.
func (r *refreshing) check() *oauth.Error {
	if refused := r.checkToken(); refused != nil {
		return refused
	}
	if refused := r.checkSession(); refused != nil {
		return refused
	}
	r.granted = token.GrantedScopes(r.realm.RealmConfig, r.client, r.view.Family.Scope)
	switch {
	case r.client.ConsentRequired:
		return oauth.Refuse(oauth.ConsentWithdrawn)
	case !r.granted.Covers(r.grant.Scope):
		return oauth.RefuseArg(oauth.InvalidScope, r.grant.Scope).
			WithHint("Ask for no more than the login granted, or log in again with the wider scope.")
	default:
		return nil
	}
}

func (r *refreshing) checkToken() *oauth.Error {
	c := r.claims
	switch {
	case iam.Stale(c.IssuedAt, r.realm.Realm.NotBefore):
		return oauth.Refuse(oauth.RefreshStale).WithHint(staleHint("realm", r.realm.Realm.NotBefore))
	case c.ExpiredAt(time.UnixMilli(r.view.At)):
		return oauth.Refuse(oauth.RefreshExpired).WithHint(r.expiredHint())
	case c.NotBefore > r.view.At/1000+token.Skew:
		return oauth.Refuse(oauth.RefreshExpired).WithHint("Wait until the refresh token's nbf has come.")
	case c.AuthorizedParty != r.client.ClientID:
		return oauth.Refuse(oauth.RefreshWrongClient)
	default:
		return nil
	}
}

// checkSession also computes the terms in force.
func (r *refreshing) checkSession() *oauth.Error {
	v, issued := &r.view, r.claims.IssuedAt*1000
	if v.Session == nil || v.Family.SessionID != r.claims.SessionID {
		return oauth.Refuse(oauth.SessionNotActive)
	}
	clientStart := v.Session.StartedAt
	if v.ClientSession != nil {
		clientStart = v.ClientSession.StartedAt
	}
	r.terms = iam.TermsOf(&r.realm.Realm, r.client, v.Session, clientStart)
	switch {
	case r.terms.SessionOver(v.At):
		return oauth.Refuse(oauth.SessionNotActive).WithHint(overHint("ssoSessionMaxLifespan", v.Session.StartedAt))
	case v.User == nil:
		return oauth.Refuse(oauth.RefreshInvalid).WithHint("Log in again with another account; this one was deleted.")
	case v.User.ID != r.claims.Subject:
		return oauth.Refuse(oauth.RefreshInvalid)
	case !v.User.Enabled:
		return oauth.Refuse(oauth.UserDisabled)
	case v.Session.StartedAt > issued+reusedIDMargin:
		return oauth.Refuse(oauth.RefreshOlderThanSession)
	case v.ClientSession == nil || v.Family.ClientID != r.client.ID:
		return oauth.Refuse(oauth.ClientSessionMissing)
	case r.terms.ClientSessionOver(v.At):
		return oauth.Refuse(oauth.ClientSessionNotActive).WithHint(overHint("client session maximum", clientStart))
	case clientStart > issued+reusedIDMargin:
		return oauth.Refuse(oauth.RefreshOlderThanClientSession)
	case iam.Stale(r.claims.IssuedAt, r.client.NotBefore, v.User.NotBefore):
		return oauth.Refuse(oauth.RefreshStale).WithHint(staleHint("client or user", max(r.client.NotBefore, v.User.NotBefore)))
	default:
		return nil
	}
}

// reusedIDMargin, in ms, is how much older than its session a token may seem:
// iat is cut to the second.
const reusedIDMargin = 1000

// pass answers for a reusable family: any of its tokens works, and the answer
// is a new one. The row is written only when it is older than a quarter of the
// idle timeout.
func (s *Service) pass(ctx context.Context, r *refreshing) (*Answer, error) {
	v := &r.view
	if r.terms.Touch(v.Session.LastRefresh, v.At) {
		err := s.store.TouchSession(ctx, v.Session.ID, v.Family.ID, v.At, r.terms.DeadAt(v.At))
		if errors.Is(err, iam.ErrNotFound) {
			return nil, s.refreshRefused(ctx, r, oauth.Refuse(oauth.SessionNotActive))
		}
		if err != nil {
			return nil, err
		}
	}
	key, err := r.realm.RefreshKey("")
	if err != nil {
		return nil, err
	}
	s.metrics.Refresh(string(iam.Pass), "")
	return s.answer(ctx, r, &v.Family, refreshID{
		jti: s.newID(), keyID: key.KID, gen: v.Family.Gen,
		issuedAt: v.At / 1000, expiresAt: r.terms.RefreshExpiry(v.At),
	})
}

// answer mints: the access token in the scope asked for, the refresh token in
// the scope of the login, the ID token when the login had one.
func (s *Service) answer(ctx context.Context, r *refreshing, f *iam.Family, id refreshID) (*Answer, error) {
	scopes := r.granted
	if r.grant.Scope != "" {
		scopes = r.wanted
	}
	i := issue{
		realm: r.realm, client: r.client, user: r.view.User, sessionID: r.view.Session.ID, family: f,
		terms: r.terms, scopes: scopes, openID: r.granted.OpenID, at: r.view.At, refresh: id, address: r.grant.Address,
	}
	answer, err := s.mint(ctx, &i)
	if err == nil {
		s.metrics.Refreshed(r.realm.Realm.Name)
	}
	return answer, err
}

// present judges a token of a rotating family and carries the decision out.
func (s *Service) present(ctx context.Context, r *refreshing) (*Answer, error) {
	f := &r.view.Family
	current, err := currentOf(r.realm, f)
	if err != nil {
		return nil, s.refreshRefused(ctx, r, oauth.Refuse(oauth.RefreshInvalid).WithHint("Log in again; the key of this session's tokens is gone."))
	}
	fresh, err := s.fresh(r.realm, r.terms, r.view.At)
	if err != nil {
		return nil, err
	}
	d := f.Present(iam.Presentation{
		JTI: r.claims.ID, Gen: r.claims.Gen, CurrentJTI: current.jti, At: r.view.At,
		Fresh: fresh, RejectAhead: r.realm.Realm.RejectAhead,
	})
	switch d.Outcome {
	case iam.Dead:
		return nil, s.refreshRefused(ctx, r, oauth.Refuse(oauth.ClientSessionMissing).WithHint(deadHint(f)))
	case iam.AheadRefused:
		return nil, s.refreshRefused(ctx, r, oauth.Refuse(oauth.RefreshStale).
			WithHint("Log in again; the server lost its record of this refresh token."))
	case iam.Reuse:
		return nil, s.kill(ctx, r, d)
	}
	if r.grant.judgeOnly {
		return nil, nil
	}
	if d.Write {
		if err := s.advance(ctx, r, d); err != nil {
			return nil, err
		}
		f = &d.Next
		if current, err = currentOf(r.realm, f); err != nil {
			return nil, err
		}
	} else if !s.shared.take(f.ID, f.Gen) {
		s.metrics.Refresh("too_often", "")
		refused := oauth.Refuse(oauth.RefreshTooOften)
		refused.RetryAfter = 1
		return nil, refused
	}
	s.metrics.Refresh(string(d.Outcome), d.Reason)
	return s.answer(ctx, r, f, current)
}

// advance commits a decision. When nobody knows what became of the write, the
// same conditional write is sent once more: it either does the work or, being
// a commit of our own behind the first, proves that the row has moved on.
func (s *Service) advance(ctx context.Context, r *refreshing, d iam.Decision) error {
	v := &r.view
	ev := s.advanceEvent(r, d)
	touched := int64(0)
	if r.terms.Touch(v.Session.LastRefresh, v.At) {
		touched = v.At
	}
	write := func() error {
		return s.store.AdvanceFamily(ctx, v.Family, d.Next, touched, d.Next.DeadAt, ev)
	}
	err := write()
	if err == nil || errors.Is(err, iam.ErrStale) || ctx.Err() != nil {
		return err
	}
	if err = write(); !errors.Is(err, iam.ErrStale) {
		return err
	}
	now, err := s.store.Family(ctx, v.Family.RealmID, v.Family.ID)
	if err == nil && isOurs(&now.Family, &d.Next) {
		return nil
	}
	return firstError(err, iam.ErrStale)
}

// isOurs says whether the row is what we meant to write: nobody else has our salt.
func isOurs(row, wanted *iam.Family) bool {
	return row.RevokedAt == 0 && row.Gen == wanted.Gen && bytes.Equal(row.Salt, wanted.Salt) &&
		row.Superseded == wanted.Superseded && row.Reused == wanted.Reused
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// advanceEvent is the audit line of a write that is not everyday.
func (s *Service) advanceEvent(r *refreshing, d iam.Decision) *iam.Event {
	switch d.Outcome {
	case iam.Recover:
		return s.refreshEvent(r, iam.EventRecovered)
	case iam.Ahead:
		return s.refreshEvent(r, iam.EventAhead)
	default:
		return nil
	}
}

// kill revokes the family of a reused token: durably, here at once, and this
// family only.
func (s *Service) kill(ctx context.Context, r *refreshing, d iam.Decision) error {
	v := &r.view
	ev := s.refreshEvent(r, iam.EventReused)
	ev.Error, ev.Details["reason"] = "invalid_token", d.Reason
	until := v.At + iam.AccessLife(&r.realm.Realm, r.client)
	entries, err := s.store.KillFamily(ctx, v.Family, d.Reason, v.At, until, ev)
	if err != nil {
		return err
	}
	s.feed.Apply(entries...)
	s.metrics.Refresh(string(iam.Reuse), d.Reason)
	fault := oauth.RefreshStale
	if d.Reason == iam.ReuseParent {
		fault = oauth.RefreshReused
	}
	return oauth.Refuse(fault).WithID(ev.ID).WithHint(reuseHint(d.Reason))
}

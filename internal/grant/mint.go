package grant

import (
	"context"
	"net/netip"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// issue is one success at the token endpoint before it is minted. Everything
// in it is decided and committed.
type issue struct {
	realm     *token.Realm
	client    *iam.Client
	user      *iam.User
	sessionID string // "" for a sessionless token
	family    *iam.Family
	terms     iam.Terms
	scopes    token.Scopes // of the access token
	openID    bool         // the login asked for openid: there is an ID token
	at        int64        // Unix ms
	refresh   refreshID
	service   bool
	address   netip.Addr
}

// refreshID is what distinguishes one refresh token of a family from another.
type refreshID struct {
	jti, keyID          string
	gen                 int64
	issuedAt, expiresAt int64 // Unix s
}

// mint makes the answer. It costs the signatures and little else.
func (s *Service) mint(ctx context.Context, i *issue) (_ *Answer, err error) {
	_, end := s.step(ctx, "sign")
	defer func() { end(err) }()
	now := i.at / 1000
	expires := i.terms.AccessExpiry(i.at)
	subject := token.Subject{
		Realm: i.realm, Client: i.client, User: i.user, SessionID: i.sessionID, Scopes: i.scopes,
		At: time.UnixMilli(i.at), NewID: s.newID, ServiceAccount: i.service, Address: i.addressText(),
	}
	if i.family != nil {
		subject.FamilyID, subject.Gen = i.family.ID, i.refresh.gen
	}
	access, _, err := token.Access(subject, expires)
	if err != nil {
		return nil, err
	}
	a := &Answer{
		AccessToken: access, ExpiresIn: expires - now, TokenType: tokenType(&i.realm.Realm),
		NotBefore:    max(i.realm.Realm.NotBefore, i.client.NotBefore, i.user.NotBefore),
		SessionState: i.sessionID, Scope: i.scopes.Public,
	}
	if i.openID {
		if a.IDToken, err = token.ID(subject, access, expires, ""); err != nil {
			return nil, err
		}
	}
	if i.family == nil || !i.client.UsesRefreshTokens() {
		return a, nil
	}
	if a.RefreshToken, err = i.refreshToken(); err != nil {
		return nil, err
	}
	if i.refresh.expiresAt != 0 {
		a.RefreshExpiresIn = i.refresh.expiresAt - now
	}
	return a, nil
}

func (i *issue) refreshToken() (string, error) {
	return token.Refresh(token.RefreshSubject{
		Realm: i.realm, ClientID: i.client.ClientID, KeyID: i.refresh.keyID, JTI: i.refresh.jti,
		UserID: i.user.ID, SessionID: i.sessionID, FamilyID: i.family.ID, Gen: i.refresh.gen,
		Scope: i.family.Scope, IssuedAt: i.refresh.issuedAt, ExpiresAt: i.refresh.expiresAt,
	})
}

func (i *issue) addressText() string {
	if !i.address.IsValid() {
		return ""
	}
	return i.address.Unmap().String()
}

func tokenType(r *iam.Realm) string {
	if r.TokenTypeCapital {
		return "Bearer"
	}
	return "bearer"
}

// fresh prepares the refresh token that a family would take next.
func (s *Service) fresh(realm *token.Realm, terms iam.Terms, at int64) (iam.Fresh, error) {
	key, err := realm.RefreshKey("")
	if err != nil {
		return iam.Fresh{}, err
	}
	return iam.Fresh{
		Salt: s.salt(), KeyID: key.KID, IssuedAt: at / 1000,
		ExpiresAt: terms.RefreshExpiry(at), DeadAt: terms.DeadAt(at),
	}, nil
}

// currentOf names the current refresh token of a rotating family, made from its
// row alone. It fails with token.ErrNoKey when the key that made it is gone.
func currentOf(realm *token.Realm, f *iam.Family) (refreshID, error) {
	key, err := realm.RefreshKey(f.KeyID)
	if err != nil {
		return refreshID{}, err
	}
	return refreshID{
		jti: token.FamilyJTI(key, f.ID, f.Gen, f.Salt), keyID: key.KID, gen: f.Gen,
		issuedAt: f.IssuedAt, expiresAt: f.ExpiresAt,
	}, nil
}

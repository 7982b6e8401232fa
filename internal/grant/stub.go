package grant

import (
	"context"
	"net/netip"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// PasswordLogin is a password grant's parameters (RFC 6749 section 4.3.2).
type PasswordLogin struct {
	Username, Password string
	Scope              string // "" for the client's default
	Address            netip.Addr
}

func (s *Service) Password(ctx context.Context, realm *token.Realm, client *iam.Client, p PasswordLogin) (*Answer, error) {
	panic("soon")
}

// RefreshGrant is a refresh grant's parameters (RFC 6749 section 6).
type RefreshGrant struct {
	Token   string
	Scope   string // "" for the scope of the login
	Address netip.Addr
}

func (s *Service) Refresh(ctx context.Context, realm *token.Realm, client *iam.Client, g RefreshGrant) (*Answer, error) {
	panic("soon")
}

func (s *Service) clientCredentials(ctx context.Context, realm *token.Realm, client *iam.Client, r Request) (*Answer, error) {
	panic("soon")
}

// Introspect answers with Result.Body.
func (s *Service) Introspect(ctx context.Context, realm *token.Realm, r Request) (Result, error) {
	panic("soon")
}

// Revoke has an empty answer.
func (s *Service) Revoke(ctx context.Context, realm *token.Realm, r Request) (Result, error) {
	panic("soon")
}

// Logout has an empty answer.
func (s *Service) Logout(ctx context.Context, realm *token.Realm, r Request) (Result, error) {
	panic("soon")
}

// UserInfo answers with Result.Body, the claims as JSON.
func (s *Service) UserInfo(ctx context.Context, realm *token.Realm, raw string) (Result, error) {
	panic("soon")
}

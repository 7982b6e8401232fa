package live

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"unsafe"

	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// first checks a token never seen before. A key this node does not know may be
// one that another node has just made, so that forces a re-read.
func (v *Verifier) first(ctx context.Context, raw string) (*remembered, error) {
	cfg := v.Snapshot.Config()
	t, err := check(cfg, raw)
	if errors.Is(err, token.ErrKey) && v.Snapshot.Reread(ctx, cfg) {
		t, err = check(v.Snapshot.Config(), raw)
	}
	if errors.Is(err, token.ErrKey) || errors.Is(err, errIssuer) {
		if damaged := v.Snapshot.Config().noKey(); damaged != nil {
			return nil, unavailable(damaged)
		}
	}
	switch {
	case err == nil:
		return t, nil
	case errors.Is(err, token.ErrKind):
		return nil, refuse("Token is not an access token", err)
	case errors.Is(err, token.ErrKey):
		return nil, refuse("Token was signed with an unknown key", err)
	case errors.Is(err, token.ErrSignature):
		return nil, refuse("Token signature is wrong", err)
	case errors.Is(err, errIssuer):
		return nil, refuse("Token was issued by somebody else", err)
	case faultOf(err) != "":
		return nil, err
	}
	return nil, refuse("Token is malformed", err)
}

var errIssuer = errors.New("issuer is none of the realms that have the key")

// check finds the realm whose key signed raw, checks the signature there and
// the realm's and client's standing.
func check(cfg *Config, raw string) (*remembered, error) {
	kid, realms, err := cfg.candidates(raw)
	if err != nil {
		return nil, err
	}
	for _, realm := range realms {
		c, err := realm.Parse(raw, token.KindAccess)
		if err != nil {
			return nil, err
		}
		if c.Issuer != realm.Issuer { // realms may share an imported key
			continue
		}
		t := &remembered{claims: c, caller: caller(realm, c), key: realm.Keys.Verify[kid]}
		c.Payload = nil // the claims are decoded; the rest need not be kept
		st, err := t.stand(cfg)
		if err != nil {
			return nil, err
		}
		t.under.Store(st)
		return t, nil
	}
	return nil, errIssuer
}

func caller(realm *token.Realm, c *token.Claims) vms.Caller {
	return vms.Caller{
		RealmID:  realm.Realm.ID,
		UserID:   c.Subject,
		Username: c.Username,
		ClientID: c.AuthorizedParty,
		Scope:    c.Scope,
		Expires:  c.ExpiresAt,
	}
}

// candidates reads the kid of raw, which nothing vouches for yet, and returns
// the realms that know it.
func (cfg *Config) candidates(raw string) (string, []*token.Realm, error) {
	head, _, ok := strings.Cut(raw, ".")
	if !ok || len(head) > maxHeader {
		return "", nil, token.ErrMalformed
	}
	b, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return "", nil, token.ErrMalformed
	}
	var h struct {
		KID string `json:"kid"`
	}
	if err := json.Unmarshal(b, &h); err != nil {
		return "", nil, token.ErrMalformed
	}
	realms := cfg.byKID[h.KID]
	if len(realms) == 0 {
		return "", nil, token.ErrKey
	}
	return h.KID, realms, nil
}

const maxHeader = 1024

func (cfg *Config) realmByID(id string) (*token.Realm, bool) {
	r, ok := cfg.byID[id]
	return r, ok
}

// bytesOf views s without a copy; what gets it must not write or keep it.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

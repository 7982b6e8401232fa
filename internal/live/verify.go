package live

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// DefaultRemembered bounds the remembered tokens; each costs about 2 KiB.
const DefaultRemembered = 10_000

// VerifierOptions are a Verifier's dependencies; Snapshot, Feed, Clock and
// Audience are required.
type VerifierOptions struct {
	Snapshot *Snapshot
	Feed     *Feed
	Clock    Clock
	Audience string
	// Remember overrides DefaultRemembered.
	Remember int
	// Confirm, when set, is told the family and generation of a rotating
	// family's access token soon after it was first seen.
	Confirm func(ctx context.Context, familyID string, gen int64) error
	// Checked, when set, is told of every call whether the token was seen before.
	Checked func(seen bool)
	Log     *slog.Logger
}

// Verifier judges the access tokens of API calls.
type Verifier struct {
	VerifierOptions
	seen     *cache[[sha256.Size]byte, *remembered]
	confirms chan *remembered
}

// remembered is a token whose signature was checked.
type remembered struct {
	claims *token.Claims
	caller vms.Caller
	key    token.VerifyKey
	// under is the configuration under which the token was last judged good,
	// epoch the feed's epoch then.
	under atomic.Pointer[standing]
	epoch atomic.Uint64
	told  atomic.Bool // Confirm was called, or is about to be
}

// standing is what a token's realm and client are in one configuration.
type standing struct {
	config   *Config
	issuer   string
	clientID string // UUID
}

// NewVerifier makes a verifier that has seen nothing. Run must run for
// confirmations to be told.
func NewVerifier(o VerifierOptions) *Verifier {
	if o.Remember <= 0 {
		o.Remember = DefaultRemembered
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Checked == nil {
		o.Checked = func(bool) {}
	}
	return &Verifier{
		VerifierOptions: o,
		seen:            newCache[[sha256.Size]byte, *remembered](o.Remember),
		confirms:        make(chan *remembered, confirmQueue),
	}
}

// Verify judges raw and says who calls. The error is an *oauth.Error:
// BearerInvalid with a public description (RFC 6750 §3.1 invalid_token), or
// Unavailable when storage trouble leaves the answer open.
func (v *Verifier) Verify(ctx context.Context, raw string) (vms.Caller, error) {
	if len(raw) > token.MaxSize {
		return vms.Caller{}, refuse("Token is too long", nil)
	}
	now := v.Clock.Now()
	sum := sha256.Sum256(bytesOf(raw))
	t, seen := v.seen.get(sum)
	v.Checked(seen)
	if !seen {
		var err error
		if t, err = v.first(ctx, raw); err != nil {
			return vms.Caller{}, err
		}
	}
	if err := v.judge(ctx, t, now, seen); err != nil {
		// Only a refusal for good forgets the token, and only a token that
		// passed once is remembered.
		if seen && faultOf(err) == oauth.BearerInvalid {
			v.seen.drop(sum)
		}
		return vms.Caller{}, err
	}
	if !seen {
		v.seen.put(sum, t)
	}
	if t.claims.Gen > 0 && !t.told.Load() {
		v.tell(t)
	}
	return t.caller, nil
}

// judge holds the checks of every call.
func (v *Verifier) judge(ctx context.Context, t *remembered, now time.Time, seen bool) error {
	c := t.claims
	st := t.under.Load()
	if cfg := v.Snapshot.Config(); st.config != cfg {
		var err error
		if st, err = t.stand(cfg); err != nil {
			return err
		}
		t.under.Store(st)
	}
	switch {
	case c.Issuer != st.issuer:
		return refuse("Token was issued by somebody else", nil)
	case !c.HasAudience(v.Audience):
		return refuse("Token is not for this API: its audience lacks "+v.Audience, nil)
	case c.ExpiredAt(now):
		return refuse(fmt.Sprintf("Token expired %d s ago", now.Unix()-c.ExpiresAt), nil)
	case c.EarlyAt(now):
		return refuse("Token is not valid yet", nil)
	}
	if err := v.Feed.Confirmed(ctx, now, seen); err != nil {
		return err
	}
	if epoch := v.Feed.Epoch(); !seen || t.epoch.Load() != epoch {
		if v.Feed.Refused(t.caller.RealmID, st.clientID, c) {
			return refuse("Token was revoked", nil)
		}
		t.epoch.Store(epoch)
	}
	return nil
}

// stand judges what depends on the configuration alone.
func (t *remembered) stand(cfg *Config) (*standing, error) {
	realm, ok := cfg.realmByID(t.caller.RealmID)
	if damaged := cfg.noRealm(); !ok && damaged != nil {
		return nil, unavailable(damaged)
	}
	if !ok || !realm.Realm.Enabled {
		return nil, refuse("Realm is not enabled", nil)
	}
	k, ok := realm.Keys.Verify[t.key.KID]
	if !ok && realm.Keys.Damaged {
		return nil, unavailable(iam.ErrDamaged)
	}
	if !ok || !sameKey(k, t.key) {
		return nil, refuse("Token was signed with a key that is no longer in use", nil)
	}
	client, ok := realm.Clients[t.claims.AuthorizedParty]
	switch damaged := realm.NoClient(); {
	case !ok && damaged != nil:
		return nil, unavailable(damaged)
	case !ok || !client.Enabled:
		return nil, refuse("Client is not enabled", nil)
	case t.claims.IssuedAt < realm.Realm.NotBefore, t.claims.IssuedAt < client.NotBefore:
		return nil, refuse("Token was revoked", nil)
	}
	return &standing{config: cfg, issuer: realm.Issuer, clientID: client.ID}, nil
}

// sameKey compares the material: a key replaced under its old kid signs nothing
// for the old one.
func sameKey(a, b token.VerifyKey) bool {
	if a.Alg != b.Alg {
		return false
	}
	if a.Public == nil || b.Public == nil {
		return a.Public == nil && b.Public == nil && subtle.ConstantTimeCompare(a.Secret, b.Secret) == 1
	}
	k, ok := a.Public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b.Public)
}

// faultOf is the fault err names, "" when none.
func faultOf(err error) oauth.Fault {
	var e *oauth.Error
	if errors.As(err, &e) {
		return e.Fault
	}
	return ""
}

func refuse(description string, cause error) error {
	return &oauth.Error{Fault: oauth.BearerInvalid, Arg: description, Cause: cause}
}

// Remembered is the number of tokens remembered.
func (v *Verifier) Remembered() int { return v.seen.len() }

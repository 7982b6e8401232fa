package grant_test

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// countingStore counts writes.
type countingStore struct {
	*sqlite.DB
	writes []string
}

func (c *countingStore) wrote(what string) { c.writes = append(c.writes, what) }

func (c *countingStore) OpenLogin(ctx context.Context, l iam.Login) error {
	c.wrote("OpenLogin")
	return c.DB.OpenLogin(ctx, l)
}

func (c *countingStore) TouchSession(ctx context.Context, sid, fid string, at, dead int64) error {
	c.wrote("TouchSession")
	return c.DB.TouchSession(ctx, sid, fid, at, dead)
}

func (c *countingStore) EndSession(ctx context.Context, realm, sid string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	c.wrote("EndSession")
	return c.DB.EndSession(ctx, realm, sid, at, until, ev)
}

func (c *countingStore) EndClientSession(ctx context.Context, realm, sid, cid string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	c.wrote("EndClientSession")
	return c.DB.EndClientSession(ctx, realm, sid, cid, at, until, ev)
}

func (c *countingStore) AdvanceFamily(ctx context.Context, prev, next iam.Family, at, dead int64, ev *iam.Event) error {
	c.wrote("AdvanceFamily")
	return c.DB.AdvanceFamily(ctx, prev, next, at, dead, ev)
}

func (c *countingStore) KillFamily(ctx context.Context, prev iam.Family, reason string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	c.wrote("KillFamily")
	return c.DB.KillFamily(ctx, prev, reason, at, until, ev)
}

func (c *countingStore) RevokeToken(ctx context.Context, realm, jti string, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	c.wrote("RevokeToken")
	return c.DB.RevokeToken(ctx, realm, jti, until, ev)
}

func (c *countingStore) RecordEvent(ctx context.Context, ev iam.Event) error {
	c.wrote("RecordEvent")
	return c.DB.RecordEvent(ctx, ev)
}

// authentic says whether one of the realm's keys signed what stands before the
// last dot; it shares no code with the server.
func authentic(r *rig, raw string) bool {
	dot := strings.LastIndexByte(raw, '.')
	if dot < 0 {
		return false
	}
	sig, err := base64.RawURLEncoding.DecodeString(raw[dot+1:])
	if err != nil {
		return false
	}
	for _, key := range r.realm.Keys.Verify {
		if pub, ok := key.Public.(ed25519.PublicKey); ok && ed25519.Verify(pub, []byte(raw[:dot]), sig) {
			return true
		}
		if mac, err := hmacSigner(key.Secret).Sign([]byte(raw[:dot])); key.Secret != nil && err == nil && hmac.Equal(mac, sig) {
			return true
		}
	}
	return false
}

// FuzzRefreshWrites: a token that the server did not make, however near it comes
// to one that it did, is refused as invalid by refresh, logout and revocation,
// and causes no write of any kind, not even an event.
func FuzzRefreshWrites(f *testing.F) {
	r := newRig(f)
	for _, client := range []string{"rotating", "anonymous"} {
		a := r.login(client)
		b := r.refresh(client, a.RefreshToken)
		raw := b.RefreshToken
		parts := strings.Split(raw, ".")
		for _, seed := range []string{raw, raw[:len(raw)-1], raw + "A", raw + ".", parts[0] + "." + parts[1] + ".", parts[0] + ".e30." + parts[2], "e30." + parts[1] + "." + parts[2],
			strings.Replace(raw, parts[2], strings.Repeat("A", len(parts[2])), 1), "..", "x", a.AccessToken, strings.ToUpper(raw), "\x00" + raw, raw + "=", raw + "\n"} {
			f.Add(seed)
		}
	}
	store := &countingStore{DB: r.db}
	r.svc = r.service(store)
	r.clock.wait(20 * time.Minute) // any good refresh would have to write
	f.Fuzz(func(t *testing.T, raw string) {
		if raw == "" || authentic(r, raw) {
			return
		}
		for _, client := range []string{"rotating", "anonymous"} {
			store.writes = nil
			_, refused := r.svc.Token(context.Background(), r.realm, refreshForm(client, raw))
			_, out := r.svc.Logout(context.Background(), r.realm, request("client_id", client, "refresh_token", raw))
			_, revoked := r.svc.Revoke(context.Background(), r.realm, request("client_id", client, "token", raw))
			if len(store.writes) != 0 {
				t.Fatalf("%q caused %v", raw, store.writes)
			}
			for _, err := range []error{refused, out, revoked} {
				var e *oauth.Error
				if !errors.As(err, &e) || e.Fault != oauth.RefreshInvalid && e.Fault != oauth.RevokeInvalidToken && e.Fault != oauth.ParameterTooLong {
					t.Fatalf("%q: %v", raw, err)
				}
			}
		}
	})
}

package grant_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// volume is n times USHER_TEST_SCALE.
func volume(t *testing.T, n int) int {
	t.Helper()
	text := os.Getenv("USHER_TEST_SCALE")
	if text == "" {
		return n
	}
	scale, err := strconv.ParseFloat(text, 64)
	if err != nil || scale <= 0 {
		t.Fatalf("USHER_TEST_SCALE=%q is not a positive number", text)
	}
	return max(1, int(float64(n)*scale))
}

// C5 (RFC 7009 section 2.2.1): while storage fails, a revocation is 503 with
// Retry-After and never 200; once it works, the same request ends the token.
func TestC5_ARevocationThatWasNotStoredIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	shared := newRig(t)
	for _, client := range []string{"rotating", "anonymous"} {
		for _, kind := range []string{"refresh", "access"} {
			t.Run(fmt.Sprint(client, " ", kind), func(t *testing.T) {
				r := shared.again(t)
				a := r.login(client)
				raw := map[string]string{"refresh": a.RefreshToken, "access": a.AccessToken}[kind]
				revoke := request("client_id", client, "token", raw)
				r.svc = r.service(&faultyStore{DB: r.db, failAt: 1})
				_, err := r.svc.Revoke(t.Context(), r.realm, revoke)
				if e := wantFault(t, err, oauth.Unavailable); e.RetryAfter == 0 || len(r.feed.kinds()) != 0 {
					t.Errorf("%+v, feed %v", e, r.feed.kinds())
				}
				r.svc = r.service(r.db)
				if _, err := r.svc.UserInfo(t.Context(), r.realm, request(), a.AccessToken); err != nil {
					t.Errorf("the token suffered: %v", err)
				}
				if _, err := r.svc.Revoke(t.Context(), r.realm, revoke); err != nil {
					t.Fatal(err)
				}
				if _, err := r.svc.UserInfo(t.Context(), r.realm, request(), a.AccessToken); err == nil {
					t.Error("the access token still opens userinfo")
				}
			})
		}
	}
}

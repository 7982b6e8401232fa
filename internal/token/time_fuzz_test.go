package token_test

import (
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/token"
)

// FuzzClaimsInTime: the moments at which a token's dates are good are one
// stretch of time: once over it does not begin again, and once begun it is not
// early any more.
func FuzzClaimsInTime(f *testing.F) {
	_, sign := fuzzRealm()
	if sign(goodHeader, goodPayload) == "" {
		f.Fatal("cannot sign")
	}
	for _, payload := range []string{
		goodPayload, `{"exp":1,"iat":1,"typ":"Bearer"}`, `{"exp":253402300799,"iat":0,"typ":"ID"}`, `{"iat":5,"typ":"Offline"}`, `{"exp":0,"iat":5,"typ":"Offline"}`,
		`{"exp":10,"iat":20,"nbf":30,"typ":"Refresh"}`, `{"exp":9223372036854775807,"iat":1,"typ":"ID"}`, `{"exp":1e9,"iat":1,"typ":"ID"}`, `{"exp":-1,"iat":1,"typ":"ID"}`,
	} {
		f.Add(payload, int64(1_700_000_000), int64(5))
	}
	r, _ := fuzzRealm()
	f.Fuzz(func(t *testing.T, payload string, at, more int64) {
		c, err := r.Parse(sign(goodHeader, payload))
		if err != nil {
			return
		}
		if c.ExpiresAt == 0 && c.Type != token.KindOffline {
			t.Fatalf("a token without an end: %s", payload)
		}
		const span = int64(1) << 40 // s, some 35,000 years to either side
		at, more = at%span, more%span
		if more < 0 {
			more = -more
		}
		now, later := time.Unix(at, 0), time.Unix(at+more, 0)
		if c.ExpiredAt(now) && !c.ExpiredAt(later) {
			t.Fatalf("over at %d, good again at %d: %s", at, at+more, payload)
		}
		if !c.EarlyAt(now) && c.EarlyAt(later) {
			t.Fatalf("begun at %d, early at %d: %s", at, at+more, payload)
		}
		if c.ExpiresAt != 0 && !c.ExpiredAt(time.Unix(c.ExpiresAt+1, 0)) || c.ExpiresAt != 0 && c.ExpiredAt(time.Unix(c.ExpiresAt, 999_999_999)) {
			t.Fatalf("its end is not its end: %s", payload)
		}
	})
}

package oauth_test

import (
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// FuzzParseBearer: what is read comes back when it is sent again under any
// spelling of the scheme, holds only what RFC 6750 allows in a token, and what
// is not read has no token.
func FuzzParseBearer(f *testing.F) {
	for _, seed := range []string{
		"", "Bearer", "Bearer ", "bearer abc", "BEARER\ta.b.c", "Bearer a b", "Bearer ==", "Bearer a=", "Bearer a=b", "Basic abc", "Bearer a,b", "Bearer \"a\"", "Bearerabc",
		"Bearer a\x00", "Bearer é", " Bearer a ", "Bearer " + strings.Repeat("A", 20_000), "DPoP abc", "Bearer eyJhbGciOiJub25lIn0.e30.", "bEaReR ~+/-._",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		b := oauth.ParseBearer(header)
		if b.Malformed && !b.Present || b.Token != "" && (b.Malformed || !b.Present) || b.Present && !b.Malformed && b.Token == "" {
			t.Fatalf("%q: %+v contradicts itself", header, b)
		}
		if b.Token == "" {
			return
		}
		if bad := strings.Trim(strings.TrimRight(b.Token, "="), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"); bad != "" || !strings.HasSuffix(strings.TrimRight(header, " \t"), b.Token) {
			t.Fatalf("%q: token %q", header, b.Token)
		}
		for _, scheme := range []string{"Bearer ", "bearer ", "BEARER\t", " bEaReR  "} {
			if again := oauth.ParseBearer(scheme + b.Token); again != b {
				t.Fatalf("%q: %+v, once more %+v", header, b, again)
			}
		}
	})
}

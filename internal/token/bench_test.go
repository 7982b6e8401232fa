package token_test

import (
	"testing"

	"github.com/seed-a6a28e10/usher/internal/token"
)

var benchAlgs = []string{"RS256", "PS256", "ES256", "EdDSA"}

// nothing is a signer that costs nothing: what remains is ours.
type nothing struct{}

func (nothing) Sign([]byte) ([]byte, error) { return make([]byte, 256), nil }

func benchRealm(b *testing.B, alg string) *token.Realm {
	b.Helper()
	if alg != "unsigned" {
		return newRealm(b, alg)
	}
	r := newRealm(b, "RS256")
	r.Keys.Signing = map[string]token.SigningKey{"RS256": {KID: r.Keys.Signing["RS256"].KID, Alg: "RS256", Signer: nothing{}}}
	return r
}

func BenchmarkAccess(b *testing.B) {
	for _, alg := range append([]string{"unsigned"}, benchAlgs...) {
		b.Run(alg, func(b *testing.B) {
			s := newSubject(b, benchRealm(b, alg), "openid")
			s.NewID = func() string { return "3e1c2f66-6f4b-4a53-9a35-5b6a7a0e7f11" }
			b.ReportAllocs()
			for b.Loop() {
				mustAccess(b, s)
			}
		})
	}
}

func BenchmarkID(b *testing.B) {
	for _, alg := range append([]string{"unsigned"}, benchAlgs...) {
		b.Run(alg, func(b *testing.B) {
			s := newSubject(b, benchRealm(b, alg), "openid")
			s.NewID = func() string { return "3e1c2f66-6f4b-4a53-9a35-5b6a7a0e7f11" }
			b.ReportAllocs()
			for b.Loop() {
				mustID(b, s)
			}
		})
	}
}

func BenchmarkRefresh(b *testing.B) {
	s := refreshSubject(newRealm(b, "RS256"), "")
	b.ReportAllocs()
	for b.Loop() {
		mustRefresh(b, s)
	}
}

func BenchmarkParse(b *testing.B) {
	for _, alg := range append(benchAlgs, "HS512") {
		b.Run(alg, func(b *testing.B) {
			r := newRealm(b, "RS256")
			raw := mustRefresh(b, refreshSubject(r, ""))
			if alg != "HS512" {
				r = newRealm(b, alg)
				raw = mustAccess(b, newSubject(b, r, "openid"))
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Parse(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkBare signs and verifies the same number of bytes with nothing
// around it: what the numbers above are measured against.
func BenchmarkBare(b *testing.B) {
	for _, alg := range append(benchAlgs, "HS512") {
		b.Run(alg, func(b *testing.B) {
			r := newRealm(b, "RS256")
			input := []byte(mustAccess(b, newSubject(b, r, "openid")))
			key := r.Keys.Signing[alg]
			b.ReportAllocs()
			for b.Loop() {
				if _, err := key.Signer.Sign(input); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkResolveScopes(b *testing.B) {
	r := newRealm(b, "RS256")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := token.ResolveScopes(r.RealmConfig, r.Clients["anonymous"], "openid profile"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUserInfo(b *testing.B) {
	r := newRealm(b, "RS256")
	s := newSubject(b, r, "openid")
	b.ReportAllocs()
	for b.Loop() {
		token.UserInfo(r, s.Client, s.User, s.Scopes)
	}
}

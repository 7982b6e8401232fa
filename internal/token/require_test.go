package token_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/token/tokentest"
)

// signed makes tokens of the realm's own HS512 key from any header and payload.
func signed(t *testing.T) (r *token.Realm, sign func(header, payload string) string, header, payload string) {
	t.Helper()
	r = newRealm(t, "HS512")
	valid := mustRefresh(t, refreshSubject(r, ""))
	return r, tokentest.Signer(r.Keys.Signing["HS512"]), part(t, valid, 0), part(t, valid, 1)
}

// F1 (RFC 8725 sections 3.1, 3.2): under the kid of each key, a header that
// names any other algorithm is refused, "none" in every case included, whatever
// the signature.
func TestF1_TheHeaderDoesNotChooseTheAlgorithm(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	names := append([]string{"none", "None", "NONE", "nOnE", "", "RS384", "PS384", "HS384", "ES256K", "EdDSA ", "rs256", "dir"}, allAlgs...)
	for _, own := range allAlgs {
		key := r.Keys.Signing[own]
		for _, name := range names {
			head := fmt.Sprintf(`{"alg":%q,"typ":"JWT","kid":%q}`, name, key.KID)
			raw := tokentest.Signer(key)(head, goodPayload)
			for _, raw := range []string{raw, raw[:strings.LastIndexByte(raw, '.')+1]} {
				if _, err := r.Parse(raw); (err == nil) != (name == own && !strings.HasSuffix(raw, ".")) {
					t.Errorf("%s under the kid of %s: %v", name, own, err)
				}
			}
		}
	}
}

// F4 (RFC 7515 section 4.1.11): crit is refused whatever it lists, and so is
// b64, although the signature is good.
func TestF4_CriticalHeadersAreRefused(t *testing.T) {
	t.Parallel()
	r, sign, header, payload := signed(t)
	open := strings.TrimSuffix(header, "}")
	for _, more := range []string{`"crit":[]`, `"crit":["exp"],"exp":1`, `"crit":["b64"],"b64":false`, `"crit":["b64"],"b64":true`, `"b64":false`, `"b64":true`, `"crit":["alg"]`, `"crit":"b64"`, `"crit":null`} {
		if _, err := r.Parse(sign(open+","+more+"}", payload)); !errors.Is(err, token.ErrMalformed) {
			t.Errorf("%s: %v", more, err)
		}
	}
	if _, err := r.Parse(sign(header, payload)); err != nil {
		t.Errorf("without any: %v", err)
	}
}

// F5 (RFC 7515 sections 7, 10.12): compact form only, each part in the one
// spelling of base64url, JSON without duplicate members and without bytes
// behind it, all with a good signature over just those bytes.
func TestF5_OneSpellingOnly(t *testing.T) {
	t.Parallel()
	r, sign, header, payload := signed(t)
	open := strings.TrimSuffix(payload, "}")
	for name, p := range map[string]string{
		"a member twice": open + `,"sub":"x"}`, "twice, once escaped": open + `,"su\u0062":"x"}`, "nested twice": open + `,"q":{"a":1,"a":1}}`,
		"bytes behind": payload + "x", "a second object": payload + payload, "a byte order mark": "\ufeff" + payload, "not UTF-8": open + ",\"q\":\"\xff\"}",
		"a lone surrogate": open + `,"q":"\ud800"}`, "a comment": open + "/**/}", "a list": "[" + payload + "]", "deep": open + `,"q":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}",
	} {
		if _, err := r.Parse(sign(header, p)); !errors.Is(err, token.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	valid := sign(header, payload)
	for _, raw := range []string{valid + "=", valid + "\n", " " + valid, valid + ".", "." + valid, valid + "." + valid, strings.ReplaceAll(valid, ".", ".\n"),
		`{"payload":"` + strings.Split(valid, ".")[1] + `"}`} {
		if _, err := r.Parse(raw); !errors.Is(err, token.ErrMalformed) {
			t.Errorf("%.60q: %v", raw, err)
		}
	}
}

// F8 (RFC 7519 sections 4.1.4 to 4.1.6): a token is good up to and including the
// second of its exp and not a moment longer; nbf and iat may lie five seconds
// ahead; a missing exp and dates that are huge, negative, fractional or text are
// refused.
func TestF8_Dates(t *testing.T) {
	t.Parallel()
	c := token.Claims{ExpiresAt: 1000, IssuedAt: 700, NotBefore: 700}
	for now, want := range map[time.Time][2]bool{
		time.Unix(1000, 999_999_999): {false, false}, time.Unix(1001, 0): {true, false}, time.Unix(695, 0): {false, false}, time.Unix(694, 999_999_999): {false, true},
	} {
		if got := [2]bool{c.ExpiredAt(now), c.EarlyAt(now)}; got != want {
			t.Errorf("at %d: expired and early %v, want %v", now.Unix(), got, want)
		}
	}
	r, sign, header, payload := signed(t)
	start := strings.Index(payload, `"exp":`) + len(`"exp":`)
	end := start + strings.IndexByte(payload[start:], ',')
	for _, exp := range []string{`"2000000000"`, "-1", "1.5", "1e3", "null", "true", "[]", "253402300800", "9223372036854775808", "01"} {
		if _, err := r.Parse(sign(header, payload[:start]+exp+payload[end:])); !errors.Is(err, token.ErrMalformed) {
			t.Errorf("exp %s: %v", exp, err)
		}
	}
	if _, err := r.Parse(sign(header, payload[:start-len(`"exp":`)]+payload[end+1:])); !errors.Is(err, token.ErrMalformed) {
		t.Errorf("no exp: %v", err)
	}
}

// F10 (RFC 8725 section 3.6): five parts are refused by their shape: what they
// hold is not looked at, and nothing is allocated for it.
func TestF10_EncryptedTokensAreRefusedByTheirShape(t *testing.T) {
	r := newRealm(t, "RS256")
	for _, raw := range []string{"e30.e30.e30.e30.e30", "%.%.%.%.%", "....", strings.Repeat("A", 3000) + "." + strings.Repeat("A", 3000) + ".." + strings.Repeat("A", 3000) + ".A"} {
		if _, err := r.Parse(raw); !errors.Is(err, token.ErrMalformed) {
			t.Errorf("%.40q: %v", raw, err)
		}
		if n := testing.AllocsPerRun(100, func() { _, _ = r.Parse(raw) }); n > 1 {
			t.Errorf("%.40q: %v allocations", raw, n)
		}
	}
}

// G1 (OpenID Connect Core sections 2, 3.1.3.6): an ID token repeats the nonce
// exactly as it was sent, and states when the person logged in.
func TestG1_NonceAndAuthTime(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "ES256")
	for _, nonce := range []string{"n-0S6_WzA2Mj", `a "quoted" \ one`, "ä\u2028😀", strings.Repeat("n", 500)} {
		s := newSubject(t, r, "openid")
		s.AuthTime = at.Unix() - 60
		raw, err := token.ID(s, mustAccess(t, s), at.Unix()+300, nonce)
		if err != nil {
			t.Fatal(err)
		}
		c := claimsOf(t, raw)
		if c["nonce"] != nonce || c["auth_time"] != float64(at.Unix()-60) || c["at_hash"] == nil || c["azp"] != "anonymous" || c["aud"] != "anonymous" || c["sid"] != "session-1" {
			t.Errorf("%v", c)
		}
	}
}

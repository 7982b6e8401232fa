package tokentest

import (
	"fmt"
	"strings"
)

// lookalikes write what is signed with characters that only look the same, or
// that cannot be seen, in the token's text, in the header and in the payload.
func (m *maker) lookalikes() {
	for _, invisible := range []string{"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u061c", "\u180e", "\u202a", "\u202e", "\u2066", "\U000e0001", "\u0301", "\ufe0f"} {
		m.addf(invisible+m.in.Valid, "U+%04X before the token", []rune(invisible)[0])
		m.addf(m.in.Valid+invisible, "U+%04X behind the token", []rune(invisible)[0])
		m.addf(m.head+invisible+"."+m.body+"."+m.sig, "U+%04X before a dot", []rune(invisible)[0])
		m.addf(m.head[:8]+invisible+m.head[8:]+"."+m.body+"."+m.sig, "U+%04X in the header", []rune(invisible)[0])
	}
	for _, dot := range []string{"\u2024", "\u3002", "\uff0e", "\uff61", "\u00b7", "\u0701", "\u2219", "%2e", "&#46;", `\u002e`, "\\.", "..", ",", ":"} {
		m.addf(strings.ReplaceAll(m.in.Valid, ".", dot), "%q for the dots", dot)
	}
	for i, wide := range []string{"\uff25", "\u0395", "\u0415", "\u2130"} { // they look like the E of eyJ in upper case
		m.addf(wide+m.in.Valid[1:], "a letter that looks like E (%d)", i)
	}
	for _, alg := range []string{"n\u043ene", "non\u0435", "\uff4eone", "none\u200b", "n\u00f6ne", "NON\u0395", "\u2115one", "none\u0000", "no\tne", "none\n", "H\u0405256", "\uff28S256", "RS256\u200b", "R\u0405256", "rs256", "Rs256", "RS-256", "RSA256",
		"sha256WithRSAEncryption", "1.2.840.113549.1.1.11", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "SHA256withRSA", "HmacSHA256", "A128GCM", "Ed448", "secp256k1", "ES256R", "RS0", "HS0", "HS1", "MD5", "null", "default", "auto", "*"} {
		m.addf(encode([]byte(head3(alg, &m.kid)))+"."+m.body+"."+m.sig, "alg %q with the old signature", alg)
		m.addf(encode([]byte(head3(alg, &m.kid)))+"."+m.body+".", "alg %q without one", alg)
	}
	for _, name := range []string{"Alg", "aLG", "ALG", "al\u0261", "\u0430lg", "alg ", " alg", "alg\u200b", "alg\u0000", "@alg", "algorithm", "alg[]", "alg.name"} {
		m.addf(encode([]byte(fmt.Sprintf(`{%s:%s,"typ":"JWT","kid":%s}`, quote(name), quote(m.alg), quote(m.kid))))+"."+m.body+"."+m.sig, "the member %q for alg", name)
		m.addf(encode([]byte(fmt.Sprintf(`{"alg":"none",%s:%s,"typ":"JWT","kid":%s}`, quote(name), quote(m.alg), quote(m.kid))))+"."+m.body+"."+m.sig, "alg none beside %q", name)
	}
}

// wideHeaders are headers that cost a careless reader much, with the old
// signature: nothing of them may be read twice, deeply or for long.
func (m *maker) wideHeaders() {
	all := `"alg":` + quote(m.alg) + `,"typ":"JWT","kid":` + quote(m.kid)
	rest := "." + m.body + "." + m.sig
	for name, h := range map[string]string{
		"a thousand members":        `{` + all + "," + members(1000) + `}`,
		"40 members":                `{` + all + "," + members(40) + `}`,
		"nesting of 200 lists":      `{` + all + `,"q":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,
		"nesting of 3000 lists":     `{` + all + `,"q":` + strings.Repeat("[", 3000) + strings.Repeat("]", 3000) + `}`,
		"nesting of 100 objects":    `{` + all + `,"q":` + strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100) + `}`,
		"a number of 700 digits":    `{` + all + `,"q":` + strings.Repeat("9", 700) + `}`,
		"a large exponent":          `{` + all + `,"q":1e999999999}`,
		"700 bytes of escapes":      `{` + all + `,"q":"` + strings.Repeat(`\u0041`, 110) + `"}`,
		"500 blanks":                `{` + strings.Repeat(" ", 500) + all + `}`,
		"9000 blanks":               `{` + strings.Repeat(" ", 9000) + all + `}`,
		"typ of 600 bytes":          `{"alg":` + quote(m.alg) + `,"typ":"` + strings.Repeat("J", 600) + `","kid":` + quote(m.kid) + `}`,
		"one member 60 times":       `{` + strings.Repeat(all+",", 8) + all + `}`,
		"a Unicode escape for alg":  `{"\u0061\u006c\u0067":` + quote(m.alg) + `,"typ":"JWT","kid":` + quote(m.kid) + `}`,
		"alg none twice":            `{"alg":"none","alg":"none",` + all + `}`,
		"kid twice":                 `{` + all + `,"kid":` + quote(m.kid) + `}`,
		"prototype":                 `{` + all + `,"__proto__":{"alg":"none"}}`,
		"constructor":               `{` + all + `,"constructor":{"prototype":{"alg":"none"}}}`,
		"a list of headers":         `[{` + all + `},{"alg":"none"}]`,
		"an array for kid":          `{"alg":` + quote(m.alg) + `,"typ":"JWT","kid":[` + quote(m.kid) + `]}`,
		"CBOR":                      "\xa2\x63alg\x65HS256",
		"a gzip header":             "\x1f\x8b\x08\x00\x00\x00\x00\x00",
		"UTF-16 with a mark":        "\xfe\xff\x00{\x00}",
		"an unterminated string":    `{"alg":"` + m.alg,
		"a line comment":            `{` + all + `}//`,
		"JSON5":                     `{alg:` + quote(m.alg) + `,typ:"JWT",kid:` + quote(m.kid) + `}`,
		"a signature in the header": `{` + all + `,"signature":"` + m.sig[:20] + `"}`,
	} {
		m.addf(encode([]byte(h))+rest, "wide header: %s", name)
	}
}

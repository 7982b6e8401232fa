package tokentest

import "strings"

// signedHeaders carry a good signature: what is refused is the header itself.
func (m *maker) signedHeaders() {
	alg, kid := `"alg":`+quote(m.alg), `"kid":`+quote(m.kid)
	const typ = `"typ":"JWT"`
	all := alg + `,` + typ + `,` + kid
	heads := map[string]string{
		"alg twice":                  `{` + alg + `,` + all + `}`,
		"alg twice, none first":      `{"alg":"none",` + all + `}`,
		"alg twice, none last":       `{` + all + `,"alg":"none"}`,
		"kid twice":                  `{` + all + `,` + kid + `}`,
		"kid twice, another first":   `{"kid":"other",` + all + `}`,
		"typ twice":                  `{` + all + `,` + typ + `}`,
		"alg twice, once escaped":    `{` + all + `,"\u0061lg":"none"}`,
		"no typ":                     `{` + alg + `,` + kid + `}`,
		"typ of something else":      `{` + alg + `,"typ":"logout+jwt",` + kid + `}`,
		"typ in lower case":          `{` + alg + `,"typ":"jwt",` + kid + `}`,
		"typ is null":                `{` + alg + `,"typ":null,` + kid + `}`,
		"typ is a list":              `{` + alg + `,"typ":["JWT"],` + kid + `}`,
		"no alg":                     `{` + typ + `,` + kid + `}`,
		"no kid":                     `{` + alg + `,` + typ + `}`,
		"alg in another case":        `{"ALG":` + quote(m.alg) + `,` + typ + `,` + kid + `}`,
		"crit without members":       `{` + all + `,"crit":[]}`,
		"crit of an unknown member":  `{` + all + `,"crit":["urn:example:x"],"urn:example:x":1}`,
		"crit of b64":                `{` + all + `,"crit":["b64"],"b64":true}`,
		"crit of exp":                `{` + all + `,"crit":["exp"],"exp":1}`,
		"crit of alg":                `{` + all + `,"crit":["alg"]}`,
		"crit is a string":           `{` + all + `,"crit":"b64"}`,
		"b64 false":                  `{` + all + `,"b64":false}`,
		"b64 true":                   `{` + all + `,"b64":true}`,
		"zip":                        `{` + all + `,"zip":"DEF"}`,
		"cty":                        `{` + all + `,"cty":"JWT"}`,
		"enc":                        `{` + all + `,"enc":"A128GCM"}`,
		"jwk":                        `{` + all + `,"jwk":{"kty":"oct","k":"AA"}}`,
		"jku":                        `{` + all + `,"jku":"https://attacker.example/jwks.json"}`,
		"x5c":                        `{` + all + `,"x5c":[]}`,
		"x5u":                        `{` + all + `,"x5u":"https://attacker.example/cert.pem"}`,
		"an unknown member":          `{` + all + `,"foo":"bar"}`,
		"deep nesting":               `{` + all + `,"foo":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`,
		"bytes behind the header":    `{` + all + `}x`,
		"two headers":                `{` + all + `}{` + all + `}`,
		"a list":                     `[{` + all + `}]`,
		"a string":                   `"` + m.kid + `"`,
		"null":                       `null`,
		"nothing in the header":      ``,
		"an empty header":            `{}`,
		"a trailing comma":           `{` + all + `,}`,
		"a comment":                  `{` + all + `/**/}`,
		"single quotes":              strings.ReplaceAll(`{`+all+`}`, `"`, `'`),
		"a byte order mark":          "\ufeff{" + all + `}`,
		"bytes that are not UTF-8":   `{` + all + `,"` + "\xff" + `":1}`,
		"a lone surrogate":           `{` + alg + `,"typ":"\ud800",` + kid + `}`,
		"a control character":        `{` + alg + `,"typ":"JWT` + "\x01" + `",` + kid + `}`,
		"at+jwt of another spelling": `{` + alg + `,"typ":"application/at+jwt",` + kid + `}`,
	}
	for name, h := range heads {
		m.add("signed header: "+name, m.in.Sign(h, m.payload))
	}
}

// signedClaims carry a good signature over a payload that must not be taken.
func (m *maker) signedClaims() {
	for _, claim := range []string{"exp", "iat", "nbf", "gen"} {
		for _, v := range []string{
			`"1"`, `"9999999999"`, `""`, "-1", "-0", "1.5", "1.0", "1e3", "1E400", "0x10", "01", "null", "true", "[]", "[1]", "{}",
			"253402300800", "9223372036854775807", "18446744073709551616", "1" + strings.Repeat("0", 300), "NaN", "Infinity",
		} {
			m.addRaw(claim, v)
		}
	}
	for _, claim := range []string{"iss", "sub", "jti", "typ", "azp", "sid", "scope", "reuse_id"} {
		for _, v := range []string{"1", "null", "true", "[]", `["x"]`, "{}", `{"$ne":""}`} {
			m.addRaw(claim, v)
		}
	}
	for _, v := range []string{"1", "null", "true", "{}", "[1]", "[null]", `[["video-api"]]`, `["video-api",1]`, `[{}]`} {
		m.addRaw("aud", v)
	}
	for _, kind := range []string{"bearer", "BEARER", "Serialized-ID", "Logout", "RPT", "at+jwt", ""} {
		m.addRaw("typ", quote(kind))
	}
	for _, claim := range []string{"exp", "iat", "typ"} {
		m.add("signed: no "+claim, m.in.Sign(m.header, m.with(claim, "")))
	}
	open, deep := strings.TrimSuffix(m.payload, "}"), strings.Repeat("[", 300)+strings.Repeat("]", 300)
	for name, p := range map[string]string{
		"exp twice":                     open + `,"exp":253402300799}`,
		"exp twice, once escaped":       open + `,"\u0065xp":253402300799}`,
		"sub twice":                     open + `,"sub":"other"}`,
		"an unknown claim twice":        open + `,"q":1,"q":1}`,
		"a nested member twice":         open + `,"q":{"a":1,"a":2}}`,
		"a deeply nested member twice":  open + `,"q":[{"b":{"a":1,"\u0061":2}}]}`,
		"a member twice among hundreds": open + `,"q":{` + members(300) + `,"m7":0}}`,
		"nesting of 300 lists":          open + `,"q":` + deep + `}`,
		"nesting of 300 objects":        open + `,"q":` + strings.Repeat(`{"a":`, 300) + "1" + strings.Repeat("}", 300) + `}`,
		"nesting without an end":        open + `,"q":` + strings.Repeat("[", 4000),
		"bytes behind":                  m.payload + "x",
		"a second object behind":        m.payload + m.payload,
		"a NUL behind":                  m.payload + "\x00",
		"a list":                        "[" + m.payload + "]",
		"a string":                      quote(m.payload),
		"null":                          "null",
		"nothing":                       "",
		"an empty object":               "{}",
		"no closing brace":              open,
		"a trailing comma":              open + ",}",
		"a comment":                     open + "/**/}",
		"bytes that are not UTF-8":      open + ",\"q\":\"\xff\"}",
		"an overlong UTF-8 form":        open + ",\"q\":\"\xc0\xae\"}",
		"a lone surrogate":              open + `,"q":"\ud800"}`,
		"surrogates exchanged":          open + `,"q":"\udc00\ud800"}`,
		"a control character":           open + ",\"q\":\"\x1f\"}",
		"an unknown escape":             open + `,"q":"\x41"}`,
		"a name without quotes":         open + `,q:1}`,
		"a byte order mark":             "\ufeff" + m.payload,
		"UTF-16":                        "{\x00\"\x00e\x00x\x00p\x00\"\x00:\x001\x00}\x00",
	} {
		m.add("signed payload: "+name, m.in.Sign(m.header, p))
	}
}

// addRaw signs the payload with one claim replaced by a JSON text, which need
// not be valid.
func (m *maker) addRaw(claim, value string) {
	p := m.with(claim, "")
	sep := ","
	if p == "{}" {
		sep = ""
	}
	m.addf(m.in.Sign(m.header, strings.TrimSuffix(p, "}")+sep+quote(claim)+":"+value+"}"), "signed: %s is %s", claim, shorten(value))
}

func members(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = quote("m"+strings.Repeat("x", i%7)+string(rune('0'+i%10))+strings.Repeat("y", i/10)) + ":1"
	}
	list[7] = `"m7":1`
	return strings.Join(list, ",")
}

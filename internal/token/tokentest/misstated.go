package tokentest

import "fmt"

// Misstated are well signed tokens that state a wrong issuer, an end that is
// past or a beginning that is to come, another client or kind: what only a look
// at the claims refuses. Sign must be set; now is Unix seconds.
func Misstated(in Input, now int64) ([]Case, error) {
	m, err := newMaker(in)
	if err != nil {
		return nil, err
	}
	claim := func(name string, values ...string) {
		for _, v := range values {
			m.addf(m.in.Sign(m.header, m.with(name, v)), "signed well: %s is %s", name, shorten(v))
		}
		if name != "nbf" {
			m.add("signed well: no "+name, m.in.Sign(m.header, m.with(name, "")))
		}
	}
	var issuer string
	if s := string(m.claimSet["iss"]); len(s) > 2 {
		issuer = s[1 : len(s)-1]
	}
	claim("iss", `""`, `"https://attacker.example"`, quote(issuer+"/"), quote(issuer+" "), quote(" "+issuer), quote(issuer+"#"), quote(issuer+"?"), quote(issuer+"x"), quote(issuer[:len(issuer)-1]),
		quote(upperFirst(issuer)), quote(issuer+"/protocol/openid-connect"), `"platform"`, `"*"`, `"null"`, quote(issuer+"\u0000"), quote(issuer+"\u200b"))
	for _, past := range []int64{1, 2, 59, 3600, 86400, now - 1, now} {
		claim("exp", fmt.Sprint(now-past))
	}
	for _, ahead := range []int64{6, 60, 3600, 1 << 31} {
		claim("nbf", fmt.Sprint(now+ahead))
	}
	claim("azp", `""`, `"nobody"`, `"ANONYMOUS"`, `"confidential "`, `"*"`, `"off"`)
	claim("typ", `"Offline"`, `"Logout"`, `"bearer"`, `"refresh"`, `""`, `"Bearer "`, `"Serialized-ID"`, `"at+jwt"`)
	return m.cases, m.err
}

// Audiences are well signed access tokens that are not meant for name.
func Audiences(in Input, name string) ([]Case, error) {
	m, err := newMaker(in)
	if err != nil {
		return nil, err
	}
	n := func(s string) string { return quote(s) }
	for _, v := range []string{`""`, `"x"`, "[]", `["x"]`, `["x","y","account"]`, n(name + " "), n(" " + name), n(name + "x"), n(name[:len(name)-1]), n(name + "\u0000"), n(name + "\u200b"), n(name + "/"), n(name + "," + name),
		"[" + n(name+" ") + "]", `["x",` + n(name+"/x") + "]", n("[" + name + "]"), `"*"`, n(upperFirst(name)), n(name + "\n"), `["` + name + `\u0301"]`, `"null"`, `"undefined"`, n("https://" + name), n("urn:" + name)} {
		m.addf(m.in.Sign(m.header, m.with("aud", v)), "signed well: aud is %s", shorten(v))
	}
	m.add("signed well: no aud", m.in.Sign(m.header, m.with("aud", "")))
	return m.cases, m.err
}

// Sessions are well signed tokens of sessions that do not exist, which only a
// look into the store refuses.
func Sessions(in Input) ([]Case, error) {
	m, err := newMaker(in)
	if err != nil {
		return nil, err
	}
	for _, claim := range []string{"sid", "reuse_id", "sub"} {
		for _, v := range []string{"00000000-0000-4000-8000-000000000000", "x", "' or 1=1--", "*", "%", "\u0000", "../..", "\u200b", "{{7*7}}"} {
			m.addf(m.in.Sign(m.header, m.with(claim, quote(v))), "signed well: %s is %q", claim, v)
		}
	}
	return m.cases, m.err
}

func upperFirst(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s + "X"
	}
	return string(s[0]-'a'+'A') + s[1:]
}

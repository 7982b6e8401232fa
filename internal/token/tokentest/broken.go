package tokentest

import (
	"fmt"
	"strings"
)

// shapes that are no compact JWS.
func (m *maker) shapes() {
	v := m.in.Valid
	for name, raw := range map[string]string{
		"nothing": "", "one dot": ".", "two dots": "..", "three dots": "...", "four dots": "....",
		"one part": m.head, "two parts": m.head + "." + m.body, "no header": "." + m.body + "." + m.sig,
		"no payload": m.head + ".." + m.sig, "no signature": m.head + "." + m.body + ".",
		"four parts": v + ".", "four full parts": v + "." + m.sig, "five parts": v + ".." + m.sig, "a dot first": "." + v,
		"parts in another order":   m.body + "." + m.head + "." + m.sig,
		"detached payload":         m.head + ".." + m.sig + "." + m.body,
		"twice":                    v + v,
		"twice with a comma":       v + "," + v,
		"with the scheme":          "Bearer " + v,
		"in quotes":                `"` + v + `"`,
		"in JSON":                  `{"protected":"` + m.head + `","payload":"` + m.body + `","signature":"` + m.sig + `"}`,
		"in general JSON":          `{"payload":"` + m.body + `","signatures":[{"protected":"` + m.head + `","signature":"` + m.sig + `"}]}`,
		"in JSON with two":         `{"payload":"` + m.body + `","signatures":[{"signature":""},{"protected":"` + m.head + `","signature":"` + m.sig + `"}]}`,
		"16 KiB of dots":           strings.Repeat(".", 16<<10),
		"1 MiB of dots":            strings.Repeat(".", 1<<20),
		"16 KiB of A":              strings.Repeat("A", 16<<10),
		"2 MiB of A":               strings.Repeat("A", 2<<20),
		"dots and letters":         strings.Repeat("A.", 8<<10),
		"a header of 15 KiB":       strings.Repeat("A", 15<<10) + "." + m.body[:8] + "." + m.sig[:8],
		"a payload of 1 MiB":       m.head + "." + strings.Repeat("A", 1<<20) + "." + m.sig,
		"a payload of 12 KiB":      m.head + "." + strings.Repeat("A", 12<<10) + "." + m.sig,
		"a signature of 12 KiB":    m.head + "." + m.body + "." + strings.Repeat("A", 12<<10),
		"a signature of 1 MiB":     m.head + "." + m.body + "." + strings.Repeat("A", 1<<20),
		"a NUL behind":             v + "\x00",
		"a NUL before":             "\x00" + v,
		"a byte order mark before": "\ufeff" + v,
		"a full-width dot":         m.head + "．" + m.body + "．" + m.sig,
		"percent-encoded dots":     m.head + "%2E" + m.body + "%2E" + m.sig,
		"garbage":                  "not a token",
		"an opaque token":          "0123456789abcdef0123456789abcdef",
		"only a UUID":              "3e1c2f66-6f4b-4a53-9a35-5b6a7a0e7f11",
	} {
		m.add(name, raw)
	}
	for i := 1; i < 16; i++ {
		cut := len(v) * i / 16
		m.addf(v[:cut], "the first %d/16", i)
		m.addf(v[cut:], "without the first %d/16", i)
	}
	for i := 1; i <= 4; i++ {
		m.addf(v[:len(v)-i], "%d characters short", i)
		m.addf(v[i:], "%d characters missing at the start", i)
	}
}

// encodings of the right bytes in a wrong way.
func (m *maker) encodings() {
	parts := []string{m.head, m.body, m.sig}
	join := func(i int, part string) string {
		p := [3]string{parts[0], parts[1], parts[2]}
		p[i] = part
		return strings.Join(p[:], ".")
	}
	for i, name := range []string{"header", "payload", "signature"} {
		part := parts[i]
		for _, tail := range []string{"=", "==", "===", "\n", "\r\n", " ", "\t", "A", "AA", "AAAA", "!", "%", "+", "/", "\x00", "é"} {
			m.addf(join(i, part+tail), "%q behind the %s", tail, name)
		}
		for _, blank := range []string{" ", "\n", "\r\n", "\t", "\v", "\u00a0", "."} {
			m.addf(join(i, blank+part), "%q before the %s", blank, name)
			m.addf(join(i, part[:len(part)/2]+blank+part[len(part)/2:]), "%q inside the %s", blank, name)
		}
		m.addf(join(i, strings.NewReplacer("-", "+", "_", "/").Replace(part)), "the %s in the standard alphabet", name)
		if other, ok := loose(part); ok {
			m.addf(join(i, other), "the %s with nonzero bits behind the last byte", name)
		}
		m.addf(join(i, encode([]byte(part))), "the %s encoded twice", name)
	}
}

// loose is another spelling that decodes to the same bytes when the bits
// behind the last byte are not looked at.
func loose(part string) (string, bool) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if len(part)%4 == 0 || part == "" {
		return "", false
	}
	last := strings.IndexByte(alphabet, part[len(part)-1])
	return part[:len(part)-1] + string(alphabet[last|1]), last&1 == 0
}

// signatures that are nearly right.
func (m *maker) signatures() {
	with := func(sig []byte) string { return m.head + "." + m.body + "." + encode(sig) }
	n := len(m.signature)
	for i := range 64 {
		bit := i * (8*n - 1) / 63
		flipped := append([]byte(nil), m.signature...)
		flipped[bit/8] ^= 1 << (bit % 8)
		m.addf(with(flipped), "signature bit %d flipped", bit)
	}
	fill := func(c byte, n int) []byte { return []byte(strings.Repeat(string([]byte{c}), n)) }
	m.add("a signature of zeros", with(fill(0, n)))
	m.add("a signature of 0x7f", with(fill(0x7f, n)))
	m.add("r = s = 1", with(append(append(fill(0, n/2-1), 1), append(fill(0, n-n/2-1), 1)...)))
	m.add("a zero before the signature", with(append([]byte{0}, m.signature...)))
	m.add("a zero behind the signature", with(append(append([]byte(nil), m.signature...), 0)))
	m.add("a signature without its first byte", with(m.signature[1:]))
	m.add("a signature without its last byte", with(m.signature[:n-1]))
	m.add("the signature twice", with(append(append([]byte(nil), m.signature...), m.signature...)))
	m.add("half a signature", with(m.signature[:n/2]))
	m.add("an empty ASN.1 signature", with([]byte{0x30, 6, 2, 1, 0, 2, 1, 0}))
	m.add("the halves exchanged", with(append(append([]byte(nil), m.signature[n/2:]...), m.signature[:n/2]...)))
}

// tampered changes what was signed and keeps the signature.
func (m *maker) tampered() {
	for _, change := range [][2]string{
		{"exp", "253402300799"}, {"exp", "0"}, {"exp", ""}, {"iat", "0"}, {"sub", `"00000000-0000-0000-0000-000000000000"`},
		{"azp", `"admin-cli"`}, {"aud", `["video-api","account"]`}, {"aud", `"video-api "`}, {"iss", `"https://attacker.example"`},
		{"typ", `"Refresh"`}, {"typ", `"ID"`}, {"typ", `"bearer"`}, {"typ", `"Offline"`}, {"sid", `"other"`}, {"jti", `"other"`},
		{"scope", `"openid admin"`}, {"preferred_username", `"admin"`}, {"realm_access", `{"roles":["admin"]}`},
		{"reuse_id", `"other"`}, {"gen", "999"}, {"extra", "true"},
	} {
		m.addf(m.head+"."+encode([]byte(m.with(change[0], change[1])))+"."+m.sig, "%s changed to %q, the old signature", change[0], change[1])
	}
	m.add("the payload with a blank added", m.head+"."+encode([]byte(" "+m.payload))+"."+m.sig)
	m.add("an empty payload", m.head+"."+encode([]byte("{}"))+"."+m.sig)
	m.add("the header with a blank added", encode([]byte(m.header+" "))+"."+m.body+"."+m.sig)
}

// encrypted: five parts are refused by their shape alone.
func (m *maker) encrypted() {
	for _, h := range []string{
		`{"alg":"dir","enc":"A128GCM"}`,
		`{"alg":"RSA-OAEP","enc":"A256GCM","kid":` + quote(m.kid) + `}`,
		`{"alg":"RSA1_5","enc":"A128CBC-HS256","kid":` + quote(m.kid) + `}`,
		`{"alg":"PBES2-HS512+A256KW","enc":"A256GCM","p2c":2147483647,"p2s":"AAAAAAAAAAA"}`,
		`{"alg":"ECDH-ES","enc":"A128GCM","epk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}`,
		`{"alg":"dir","enc":"A128GCM","zip":"DEF"}`,
		`{"alg":"none","enc":"none"}`,
	} {
		head := encode([]byte(h))
		m.addf(head+"..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA", "JWE %s", shorten(h))
		m.addf(head+".AAAA.AAAAAAAAAAAAAAAA."+m.body+".AAAAAAAAAAAAAAAAAAAAAA", "JWE around the payload %s", shorten(h))
		m.addf(head+"."+m.body+"."+m.sig, "a JWE header on three parts %s", shorten(h))
	}
	m.add("the token inside five parts", fmt.Sprintf("%s.%s.%s.%s.%s", m.head, m.head, m.body, encode([]byte(m.in.Valid)), m.sig))
}

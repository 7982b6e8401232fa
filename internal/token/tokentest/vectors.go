package tokentest

import (
	"crypto/elliptic"
	"encoding/asn1"
	"math/big"
	"strings"
)

// edges are signatures at the borders of each scheme, in the manner of the
// Wycheproof project: zero, the order, one beside it, other encodings, other
// lengths. All stand over what was signed.
func (m *maker) edges() {
	with := func(name string, sig []byte) {
		m.add("edge: "+name, m.head+"."+m.body+"."+encode(sig))
	}
	p := elliptic.P256().Params()
	numbers := map[string]*big.Int{
		"0": new(big.Int), "1": big.NewInt(1), "2": big.NewInt(2), "n-1": new(big.Int).Sub(p.N, big.NewInt(1)), "n": p.N, "n+1": new(big.Int).Add(p.N, big.NewInt(1)),
		"p": p.P, "p-1": new(big.Int).Sub(p.P, big.NewInt(1)), "2^256-1": new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)), "(n+1)/2": new(big.Int).Rsh(new(big.Int).Add(p.N, big.NewInt(1)), 1),
		"Gx": p.Gx, "Gy": p.Gy,
	}
	for rn, r := range numbers {
		for sn, s := range numbers {
			with("ECDSA r = "+rn+", s = "+sn, append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
		}
		if der, err := asn1.Marshal(struct{ R, S *big.Int }{r, r}); err == nil {
			with("ECDSA in DER, r = s = "+rn, der)
		}
	}
	m.edgesOfTheSignature(with)
}

// edgesOfTheSignature changes the good signature as a number and as bytes.
func (m *maker) edgesOfTheSignature(with func(string, []byte)) {
	n := len(m.signature)
	half := n / 2
	fill := func(b byte, count int) []byte { return []byte(strings.Repeat(string([]byte{b}), count)) }
	number := new(big.Int).SetBytes(m.signature)
	for name, sig := range map[string][]byte{
		"all ones": fill(0xff, n), "the number plus 1": new(big.Int).Add(number, big.NewInt(1)).Bytes(), "the number minus 1": new(big.Int).Sub(number, big.NewInt(1)).Bytes(),
		"the number doubled": new(big.Int).Lsh(number, 1).Bytes(), "the number halved": new(big.Int).Rsh(number, 1).Bytes(),
		"the bytes reversed": reversed(m.signature), "each half reversed": append(reversed(m.signature[:half]), reversed(m.signature[half:])...),
		"the bits inverted": inverted(m.signature), "in DER, as one": der(number), "in DER, as two": der(new(big.Int).SetBytes(m.signature[:half]), new(big.Int).SetBytes(m.signature[half:])),
		"ten zeros before": append(fill(0, 10), m.signature...), "ten zeros behind": append(append([]byte(nil), m.signature...), fill(0, 10)...),
		"32 bytes of it": m.signature[:min(32, n-1)], "20 bytes of it": m.signature[:20], "10 bytes of it": m.signature[:10], "1 byte of it": m.signature[:1],
		"the last 32 bytes": m.signature[n-min(32, n-1):], "the first half twice": append(append([]byte(nil), m.signature[:half]...), m.signature[:half]...),
		"the second half twice":   append(append([]byte(nil), m.signature[half:]...), m.signature[half:]...),
		"PKCS#1 padding in clear": append(append([]byte{0, 1}, fill(0xff, max(0, n-35))...), append([]byte{0}, fill(0x30, 32)...)...),
		"as text":                 []byte(m.sig), "as hexadecimal text": []byte("0x" + number.Text(16)),
		"Ed25519, the neutral point": append([]byte{1}, fill(0, 63)...), "Ed25519, a point of order two": append(append(append([]byte{0xec}, fill(0xff, 30)...), 0x7f), fill(0, 32)...),
		"Ed25519, a point of order eight": append([]byte{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a}, fill(0, 32)...),
		"Ed25519, s plus the order":       addOrder(m.signature),
	} {
		with(name, sig)
	}
}

func reversed(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		out[len(b)-1-i] = c
	}
	return out
}

func inverted(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		out[i] = ^c
	}
	return out
}

func der(numbers ...*big.Int) []byte {
	b, err := asn1.Marshal(numbers)
	if err != nil {
		return nil
	}
	return b
}

// addOrder is an Ed25519 signature with s + L for s (RFC 8032 section 8.4); of
// another scheme's it is just other bytes.
func addOrder(sig []byte) []byte {
	if len(sig) != 64 {
		return append([]byte{1}, sig...)
	}
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := new(big.Int).Add(new(big.Int).SetBytes(reversed(sig[32:])), order)
	if s.BitLen() > 256 { // no Ed25519 signature
		return append([]byte{1}, sig...)
	}
	return append(append([]byte(nil), sig[:32]...), reversed(s.FillBytes(make([]byte, 32)))...)
}

// others are tokens of other kinds and what programs send where they have none.
func (m *maker) others() {
	for name, raw := range map[string]string{
		"PASETO": "v4.public." + m.body, "PASETO local": "v2.local." + m.body + ".e30", "a Fernet token": "gAAAAABk" + m.body, "SAML": "PHNhbWw6QXNzZXJ0aW9u" + m.body[:40],
		"SD-JWT": m.in.Valid + "~", "SD-JWT with disclosures": m.in.Valid + "~" + m.body + "~", "Biscuit": "EnYKDBgDIggKBggGEgIYDRIkCAAS", "a macaroon": "MDAxY2xvY2F0aW9u" + m.sig[:20],
		"an AWS key": "AKIAIOSFODNN7EXAMPLE", "a GitHub token": "ghp_" + strings.Repeat("a", 36), "Branca": "870S4BYX9BNSPU3Zy4DPI4MDFK67vYRwLmocJV52P58Zq", "null": "null", "undefined": "undefined",
		"[object Object]": "[object Object]", "true": "true", "0": "0", "NaN": "NaN", "a UUID and an index": "3e1c2f66-6f4b-4a53-9a35-5b6a7a0e7f11.0.0", "a cookie": "KEYCLOAK_IDENTITY=" + m.in.Valid,
		"a form": "access_token=" + m.in.Valid, "a URL": "https://app.example/#access_token=" + m.in.Valid, "JSON": `{"access_token":"` + m.in.Valid + `"}`, "XML": "<token>" + m.in.Valid + "</token>",
		"the token in base64": encode([]byte(m.in.Valid)), "the token in hexadecimal": hexOf(m.in.Valid), "in upper case": strings.ToUpper(m.in.Valid), "in lower case": strings.ToLower(m.in.Valid),
		"reversed": string(reversed([]byte(m.in.Valid))), "the payload in clear": m.payload, "the header in clear": m.header, "header and payload in clear": m.header + "." + m.payload + "." + m.sig,
		"DPoP": "DPoP " + m.in.Valid, "two schemes": "Bearer Bearer " + m.in.Valid, "with a comment": m.in.Valid + "#comment", "with a query": m.in.Valid + "?x=1", "with a path": m.in.Valid + "/",
		"with a semicolon": m.in.Valid + ";", "nested in a JWS": encode([]byte(`{"alg":`+quote(m.alg)+`,"typ":"JWT","kid":`+quote(m.kid)+`}`)) + "." + encode([]byte(m.in.Valid)) + "." + m.sig,
		"declared as nested": encode([]byte(`{"alg":`+quote(m.alg)+`,"cty":"JWT","kid":`+quote(m.kid)+`}`)) + "." + encode([]byte(m.in.Valid)) + "." + m.sig,
	} {
		m.add("something else: "+name, raw)
	}
}

func hexOf(s string) string { return new(big.Int).SetBytes([]byte(s)).Text(16) }

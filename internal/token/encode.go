package token

import (
	"strconv"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string, escaping what RFC 8259 demands and
// no more, as Keycloak's writer does. Bytes that are not UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size != 1 {
				i += size
				continue
			}
			b = append(append(b, s[from:i]...), "\ufffd"...)
		} else {
			b = appendEscape(append(b, s[from:i]...), c)
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

func appendStrings(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

// appendAudience writes aud as Keycloak does: a string when it is one.
func appendAudience(b []byte, list []string) []byte {
	if len(list) == 1 {
		return appendString(b, list[0])
	}
	return appendStrings(b, list)
}

// payload appends the members of one JSON object in the order of the calls.
type payload struct{ b []byte }

func (p *payload) member(name string) {
	if len(p.b) == 0 {
		p.b = append(p.b, '{')
	} else {
		p.b = append(p.b, ',')
	}
	p.b = append(appendString(p.b, name), ':')
}

// text writes a string member; an empty one is left out.
func (p *payload) text(name, value string) {
	if value == "" {
		return
	}
	p.member(name)
	p.b = appendString(p.b, value)
}

// number writes a number member; zero is left out.
func (p *payload) number(name string, value int64) {
	if value == 0 {
		return
	}
	p.member(name)
	p.b = strconv.AppendInt(p.b, value, 10)
}

func (p *payload) audience(list []string) {
	if len(list) == 0 {
		return
	}
	p.member("aud")
	p.b = appendAudience(p.b, list)
}

func (p *payload) close() []byte {
	if len(p.b) == 0 {
		p.b = append(p.b, '{')
	}
	return append(p.b, '}')
}

package web

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxArg bounds what an answer repeats of a request, in bytes.
const maxArg = 512

// Describable makes s fit for an error_description (RFC 6749 section 5.2:
// %x20-21, %x23-5B, %x5D-7E): a double quote becomes a single one, a backslash
// a slash, every other foreign character "?". What is longer than 512 bytes is cut.
func Describable(s string) string {
	if isDescribable(s) && len(s) <= maxArg {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= maxArg {
			b.WriteString("...")
			break
		}
		switch {
		case r == '"':
			b.WriteByte('\'')
		case r == '\\':
			b.WriteByte('/')
		case r < ' ' || r > '~':
			b.WriteByte('?')
		default:
			b.WriteByte(byte(r))
		}
	}
	return b.String()
}

func isDescribable(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// printable writes control characters, line and paragraph separators, and
// broken UTF-8 as escapes, so that no text can forge a log line or colour a terminal.
func printable(s string) string {
	if !strings.ContainsFunc(s, isControl) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i]), 16))
		case isControl(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// full makes s fit for a person's terminal: printable, all letters kept, and
// of what is longer than 4096 bytes the beginning.
func full(s string) string {
	if len(s) > 8*maxArg {
		s = s[:8*maxArg] + "..."
	}
	return printable(s)
}

func isControl(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Cf, r)
}

// quoted is s as an HTTP quoted-string (RFC 9110 section 5.6.4), for challenge
// attributes; characters outside the description set cannot occur in it.
func quoted(s string) string { return `"` + Describable(s) + `"` }

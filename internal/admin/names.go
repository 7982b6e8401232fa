package admin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-a6a28e10/usher/internal/nearest"
)

// nearestName is the known name that was probably meant, or "".
func nearestName(name string, known []string) string {
	if len(name) > 64 {
		return ""
	}
	return nearest.Name(name, max(1, len(name)/4), known)
}

// hasControl says whether a name holds what no terminal or log should be sent,
// or is no text at all.
func hasControl(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
	})
}

// isAddress says whether s can be an e-mail address at all.
func isAddress(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && at < len(s)-1 && !strings.ContainsAny(s, " \t")
}

// isUUID says whether s has the form of a UUID (RFC 9562 section 4).
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, r := range s {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (r == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", r) {
			return false
		}
	}
	return true
}

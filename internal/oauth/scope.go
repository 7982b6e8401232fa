package oauth

import "strings"

// The bounds of a scope parameter.
const (
	MaxScopeBytes = 4096
	MaxScopes     = 100
)

// Scopes splits a scope parameter at its single blanks (RFC 6749 section 3.3):
// order is kept, repetitions are dropped. An empty parameter is no scope. It
// refuses with InvalidScope what is longer than MaxScopeBytes, has more than
// MaxScopes items, an empty item, or a character that no scope may have.
func Scopes(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	if len(s) > MaxScopeBytes || strings.Count(s, " ") >= MaxScopes {
		return nil, RefuseArg(InvalidScope, s[:min(len(s), 80)])
	}
	items := make([]string, 0, strings.Count(s, " ")+1)
	seen := make(map[string]bool, cap(items))
	for item := range strings.SplitSeq(s, " ") {
		if !isScope(item) {
			return nil, RefuseArg(InvalidScope, s)
		}
		if !seen[item] {
			seen[item] = true
			items = append(items, item)
		}
	}
	return items, nil
}

// isScope checks 1*( %x21 / %x23-5B / %x5D-7E ).
func isScope(s string) bool {
	if s == "" {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

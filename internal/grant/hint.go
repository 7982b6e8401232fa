package grant

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// padded adds, where blanks before parameter names may be to blame, a hint that
// says so. Only names of the protocol are repeated.
func padded(f *oauth.Form, refused *oauth.Error) *oauth.Error {
	for _, name := range f.Padded() {
		if isKnown(name) {
			return refused.WithHint(fmt.Sprintf("Remove the blanks and line breaks after \"&\" (there were some before %s), or send one --data-urlencode per field.", name))
		}
	}
	return refused
}

func isKnown(name string) bool {
	switch name {
	case "grant_type", "client_id", "client_secret", "username", "password", "scope", "response_type", "refresh_token", "token", "token_type_hint":
		return true
	default:
		return false
	}
}

// passwordHint says what may have happened to a password on its way through a
// form. It looks at what was sent only, so it tells nothing of the account.
func passwordHint(f *oauth.Form, err error) error {
	var refused *oauth.Error
	if !errors.As(err, &refused) || refused.Fault != oauth.WrongCredentials {
		return err
	}
	switch password := f.Get("password"); {
	case password == "":
		return refused.WithHint("Send the password in the field password; none arrived.")
	case len(password) > secret.MaxPassword:
		return refused.WithHint(fmt.Sprintf("Send the password alone in the field password: %d bytes arrived, and no password is longer than %d.", len(password), secret.MaxPassword))
	case hasEscape(password):
		return refused.WithHint("Encode the password once: it still has a percent escape in it after decoding.")
	case strings.Contains(password, " "):
		return refused.WithHint("Use --data-urlencode for the password: it arrived with a blank, which is what a bare + means in a form.")
	default:
		return refused
	}
}

func hasEscape(s string) bool {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '%' && isHex(s[i+1]) && isHex(s[i+2]) {
			return true
		}
	}
	return false
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// clock writes a moment for a hint: UTC, whole seconds.
func clock(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }

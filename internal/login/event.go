package login

import (
	"strings"
	"unicode"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// maxShownName is the longest name, in characters, that an event repeats.
const maxShownName = 255

// event is the LOGIN_ERROR of an attempt, Keycloak's error names and details.
// It holds the name as sent, made harmless for a log, and never the password.
func (s *Service) event(t *try, at int64, name string) iam.Event {
	ev := iam.Event{
		ID:       t.attempt.EventID,
		At:       at,
		RealmID:  t.realm.ID,
		Type:     iam.EventLoginError,
		ClientID: t.attempt.ClientID,
		UserID:   t.user.ID,
		Error:    name,
		Details:  map[string]string{"username": shown(t.attempt.Username), "auth_method": "openid-connect"},
	}
	if t.attempt.Address.IsValid() {
		ev.Address = t.attempt.Address.Unmap().String()
	}
	if t.attempt.Direct {
		ev.Details["grant_type"] = "password"
	}
	return ev
}

// shown replaces what does not print, and cuts.
func shown(name string) string {
	var b strings.Builder
	n := 0
	for _, r := range name { // a broken byte comes out as U+FFFD
		if n == maxShownName {
			b.WriteString("…")
			break
		}
		if !unicode.IsPrint(r) {
			r = unicode.ReplacementChar
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

package people

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/seed-a6a28e10/usher/bench/history"
)

// certainty is what a client knows of something.
type certainty int

const (
	no certainty = iota
	maybe
	yes
)

// session is one login of a person at a client, as the client knows it.
type session struct {
	client string
	id     string
	log    *history.Log
	// current is the newest refresh token, old are the ones before it.
	current refreshToken
	old     []refreshToken
	access  []accessToken
	ended   certainty
	// refreshed is when the server last knew of the session for certain, in Unix ns.
	refreshed int64
}

type refreshToken struct {
	raw string
	history.Token
}

type accessToken struct {
	raw string
	history.Token
	issuedAt int64
	revoked  certainty
}

// tokens is a token answer.
type tokens struct {
	refresh refreshToken
	access  accessToken
	session string
	family  string
	user    string
	asked   int64 // Unix ns
}

// claims are the ones a client may look at.
type claims struct {
	ID       string `json:"jti"`
	IssuedAt int64  `json:"iat"`
	Gen      int64  `json:"gen"`
	Family   string `json:"reuse_id"`
	Session  string `json:"sid"`
	Subject  string `json:"sub"`
}

func decode(raw string) (c claims, err error) {
	part := strings.Split(raw, ".")
	if len(part) != 3 {
		return c, errNoToken
	}
	b, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(b, &c)
}

func tokensOf(body []byte) (t tokens, err error) {
	var a struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return t, err
	}
	r, err := decode(a.Refresh)
	if err != nil {
		return t, err
	}
	c, err := decode(a.Access)
	if err != nil {
		return t, err
	}
	t.session, t.family, t.user = r.Session, r.Family, r.Subject
	t.refresh = refreshToken{a.Refresh, history.Token{Gen: r.Gen, ID: r.ID}}
	t.access = accessToken{raw: a.Access, Token: history.Token{Gen: r.Gen, ID: c.ID}, issuedAt: c.IssuedAt}
	return t, nil
}

// The most tokens a session keeps of each kind.
const (
	keptOld    = 8
	keptAccess = 6
)

// adopt makes the tokens of an answer the session's, unless they are older
// than what it has.
func (s *session) adopt(t tokens, rotating, keep bool) {
	s.access = append(s.access, t.access)
	s.refreshed = max(s.refreshed, t.asked)
	if len(s.access) > keptAccess {
		s.access = s.access[1:]
	}
	switch {
	case t.refresh.Token == s.current.Token, rotating && t.refresh.Gen < s.current.Gen:
	case !rotating && keep: // some clients use their first refresh token for ever
	default:
		s.retire(s.current)
		s.current = t.refresh
	}
}

func (s *session) retire(t refreshToken) {
	s.old = append(s.old, t)
	if len(s.old) > keptOld {
		s.old = s.old[1:]
	}
}

// end raises what is known of the session's end.
func (s *session) end(c certainty) { s.ended = max(s.ended, c) }

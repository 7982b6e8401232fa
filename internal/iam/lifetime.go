package iam

import (
	"math"
	"strconv"
	"strings"
)

// The lifetimes that stand in where a realm sets none that can be used
// (Keycloak's constants), in seconds.
const (
	defaultAccess = 300
	defaultIdle   = 1800
)

// Client attributes that shorten or lengthen lifetimes, in seconds.
const (
	attrAccess     = "access.token.lifespan"
	attrClientIdle = "client.session.idle.timeout"
	attrClientMax  = "client.session.max.lifespan"
)

// graceMargin is added to the moment a row may be swept: a token is good for
// the whole of the second its exp names.
const graceMargin = 1000

// Terms are the lifetimes in force for one client's part of one user session,
// as the configuration stands now. Times are Unix ms; a zero maximum means none.
type Terms struct {
	access      int64 // s; -1: as long as the session may last
	sessionIdle int64 // ms; 0: there is no session to outlive
	clientIdle  int64 // ms, at most sessionIdle
	sessionMax  int64 // when the user session ends
	clientMax   int64 // when the client session ends, at most sessionMax
}

// TermsOf computes the terms of a session started at s.StartedAt and used by c
// since clientStart (Unix ms). Sources are Keycloak's: client attribute, else
// realm client setting, else realm session setting; remember-me takes the longer.
func TermsOf(r *Realm, c *Client, s *UserSession, clientStart int64) Terms {
	l := &r.Lifetimes
	t := Terms{access: c.accessLifespan(r), sessionIdle: seconds(l.idle(s.RememberMe))}
	t.clientIdle = t.sessionIdle
	if own := firstSet(c.attribute(attrClientIdle), int64(l.ClientSessionIdle)); own > 0 {
		t.clientIdle = min(t.clientIdle, seconds(own))
	}
	t.sessionMax = ends(s.StartedAt, l.max(s.RememberMe))
	own := firstSet(c.attribute(attrClientMax), int64(l.ClientSessionMax))
	t.clientMax = earlier(ends(clientStart, own), t.sessionMax)
	return t
}

// Sessionless are the terms of tokens that belong to no session, such as a
// service account's: no idle timeout ends them.
func (t Terms) Sessionless() Terms {
	t.sessionIdle = 0
	return t
}

// AccessExpiry is the exp (Unix s) of an access token issued at now (Unix ms).
// It never lies beyond the moment at which the session is idle when nobody
// refreshes it: what introspection calls dead, no resource server that reads
// exp alone may take.
func (t Terms) AccessExpiry(now int64) int64 {
	end := t.clientMax
	switch {
	case t.access >= 0:
		end = earlier(end, now+seconds(t.access))
	case end == 0:
		end = now + t.clientIdle
	}
	if t.sessionIdle > 0 {
		end = earlier(end, now+t.sessionIdle)
	}
	return end / 1000
}

// RefreshExpiry is the exp (Unix s) of a refresh token issued at now (Unix ms):
// the idle timeout counted from now, or the maximum when that comes first.
func (t Terms) RefreshExpiry(now int64) int64 {
	return earlier(now+t.clientIdle, t.clientMax) / 1000
}

// SessionOver says that the user session has reached its maximum.
func (t Terms) SessionOver(now int64) bool { return t.sessionMax != 0 && now > t.sessionMax }

// ClientSessionOver says that the client session has reached its maximum.
func (t Terms) ClientSessionOver(now int64) bool { return t.clientMax != 0 && now > t.clientMax }

// Idle says that a session last refreshed at lastRefresh is idle, as judged by
// someone who holds no fresh refresh token. A refresh younger than a quarter of
// the timeout may not have moved the row, so the answer waits that much longer.
func (t Terms) Idle(lastRefresh, now int64) bool { return now > t.idleAt(lastRefresh) }

// Touch says that a refresh at now has to move the session's last refresh.
func (t Terms) Touch(lastRefresh, now int64) bool { return now-lastRefresh > t.sessionIdle/4 }

// DeadAt is when the rows of a session last refreshed at lastRefresh may be
// swept: nothing made from them can be good any more.
func (t Terms) DeadAt(lastRefresh int64) int64 {
	return earlier(t.idleAt(lastRefresh), t.sessionMax) + graceMargin
}

func (t Terms) idleAt(lastRefresh int64) int64 {
	return lastRefresh + t.sessionIdle + t.sessionIdle/4
}

// AccessLife bounds, in ms, how long an access token of c in r may live from
// its issue: as long must a revocation of it be remembered.
func AccessLife(r *Realm, c *Client) int64 {
	life := c.accessLifespan(r)
	if life < 0 {
		l := &r.Lifetimes
		life = max(l.idle(true), l.max(true), c.attribute(attrClientMax), int64(l.ClientSessionMax))
	}
	return seconds(life) + graceMargin
}

// LongestAccess is the longest AccessLife of the realm's clients, in ms.
func (c *RealmConfig) LongestAccess() int64 {
	longest := seconds(defaultAccess) + graceMargin
	for _, client := range c.Clients {
		longest = max(longest, AccessLife(&c.Realm, client))
	}
	return longest
}

// Stale says that a token issued at iat (Unix s) is older than one of the
// not-before marks. Each stands by itself: the smaller must not hide the larger.
func Stale(iat int64, notBefore ...int64) bool {
	for _, nb := range notBefore {
		if iat < nb {
			return true
		}
	}
	return false
}

// UsesRefreshTokens is Keycloak's client attribute use.refresh.tokens, on
// unless it says "false".
func (c *Client) UsesRefreshTokens() bool { return c.Attributes["use.refresh.tokens"] != "false" }

// accessLifespan is in seconds; -1 means as long as the session may last.
func (c *Client) accessLifespan(r *Realm) int64 {
	if v, err := strconv.ParseInt(strings.TrimSpace(c.Attributes[attrAccess]), 10, 64); err == nil && (v > 0 || v == -1) {
		return min(v, longest)
	}
	switch v := r.Lifetimes.AccessToken; {
	case v > 0, v == -1:
		return int64(v)
	default:
		return defaultAccess
	}
}

// attribute reads a lifetime in seconds; 0 when absent or not a positive number.
func (c *Client) attribute(name string) int64 {
	v, err := strconv.ParseInt(strings.TrimSpace(c.Attributes[name]), 10, 64)
	if err != nil || v < 0 {
		return 0
	}
	return min(v, longest)
}

// idle is the user session's idle timeout in seconds.
func (l *Lifetimes) idle(rememberMe bool) int64 {
	idle := int64(l.SessionIdle)
	if idle <= 0 {
		idle = defaultIdle
	}
	if rememberMe {
		idle = max(idle, int64(l.SessionIdleRememberMe))
	}
	return idle
}

// max is the user session's maximum in seconds; 0 none.
func (l *Lifetimes) max(rememberMe bool) int64 {
	limit := int64(max(l.SessionMax, 0))
	if rememberMe && limit > 0 {
		limit = max(limit, int64(l.SessionMaxRememberMe))
	}
	return limit
}

// longest caps configured lifetimes (s) so that sums of milliseconds cannot
// overflow: a thousand years.
const longest = 1000 * 366 * 24 * 3600

func seconds(s int64) int64 { return min(s, longest) * 1000 }

func firstSet(values ...int64) int64 {
	for _, v := range values {
		if v > 0 {
			return v
		}
	}
	return 0
}

// ends is when something started at start and lasting s seconds is over.
func ends(start, s int64) int64 {
	if s <= 0 {
		return 0
	}
	return start + seconds(s)
}

// earlier is the smaller of two moments of which 0 means never.
func earlier(a, b int64) int64 {
	if a == 0 {
		a = math.MaxInt64
	}
	if b == 0 {
		b = math.MaxInt64
	}
	if m := min(a, b); m != math.MaxInt64 {
		return m
	}
	return 0
}

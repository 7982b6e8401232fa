package iam

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"
)

// KeySetLife is for how long others may keep a realm's key set (JWKS): its
// Cache-Control max-age. After an emergency they may take an old key that long.
const KeySetLife = 5 * time.Minute

// KeyLead is how long a new key is published before it signs. Every node has
// seen it then (they compare versions twice a second), and every verifier that
// keeps the set no longer than KeySetLife; the rest is for those who keep it longer.
const KeyLead = time.Hour

// keyMargin is added, in ms, to the life of what a key signed.
const keyMargin = 60_000

// KeySet is all keys of one realm, in any order. Its methods are pure and
// return another set; times are Unix ms.
type KeySet []Key

// KeyLives say how long what a key signed can be good, in ms.
type KeyLives struct {
	Access  int64 // access and ID tokens
	Refresh int64 // refresh tokens, signed with HMAC keys
}

func (l KeyLives) of(algorithm string) int64 {
	if strings.HasPrefix(algorithm, "HS") {
		return l.Refresh + keyMargin
	}
	return l.Access + keyMargin
}

// Why a set cannot be changed as asked.
var (
	ErrRotating  = errors.New("a new key is published already and waits for its time")
	ErrOnlyKey   = errors.New("it is the only key that signs with its algorithm")
	ErrNoSuchKey = errors.New("no such key")
)

// At is the set as it stands at now: what has come is activated, what is over
// retired and removed. A key retires only where another one signs, and is then
// kept for as long as what it signed until now can be good. The sets are equal
// when there is nothing to do; applying it twice changes nothing more.
func (s KeySet) At(now int64, lives KeyLives) KeySet {
	next := slices.Clone(s)
	for i := range next {
		if k := &next[i]; k.Status == KeyPassive && due(k.ActivateAt, now) {
			k.Status, k.ActivateAt = KeyActive, 0
		}
	}
	for i := range next {
		k := &next[i]
		if k.Status == KeyActive && due(k.RetireAt, now) && next.signs(k.Algorithm, func(o *Key) bool { return !due(o.RetireAt, now) }) {
			k.Status, k.RetireAt, k.RemoveAt = KeyPassive, 0, now+lives.of(k.Algorithm)
		}
	}
	return slices.DeleteFunc(next, func(k Key) bool { return k.Status != KeyActive && due(k.RemoveAt, now) })
}

func due(at, now int64) bool { return at != 0 && at <= now }

// signs says whether an active key of the algorithm is one of those meant.
func (s KeySet) signs(algorithm string, meant func(*Key) bool) bool {
	return slices.ContainsFunc(s, func(k Key) bool {
		return k.Status == KeyActive && k.Algorithm == algorithm && meant(&k)
	})
}

// Algorithms lists those that the set signs with, sorted.
func (s KeySet) Algorithms() []string {
	var out []string
	for _, k := range s {
		if k.Status == KeyActive && !slices.Contains(out, k.Algorithm) {
			out = append(out, k.Algorithm)
		}
	}
	slices.Sort(out)
	return out
}

// Published adds a fresh key that signs from now + KeyLead on; the keys that
// sign with its algorithm today retire then. ErrRotating: another one waits.
func (s KeySet) Published(fresh Key, now int64) (KeySet, error) {
	at := now + KeyLead.Milliseconds()
	next := slices.Clone(s)
	for i := range next {
		k := &next[i]
		if k.Algorithm != fresh.Algorithm {
			continue
		}
		if k.Status == KeyPassive && k.ActivateAt != 0 {
			return nil, ErrRotating
		}
		if k.Status == KeyActive {
			k.RetireAt = at
		}
		fresh.Priority = max(fresh.Priority, k.Priority)
	}
	fresh.Status, fresh.ActivateAt, fresh.RetireAt, fresh.RemoveAt = KeyPassive, at, 0, 0
	return append(next, fresh), nil
}

// Replaced adds a fresh key that signs at once, and disables every other key of
// its algorithm: what they signed is refused. For a key that got out.
func (s KeySet) Replaced(fresh Key, now int64, lives KeyLives) KeySet {
	next := slices.Clone(s)
	for i := range next {
		if k := &next[i]; k.Algorithm == fresh.Algorithm {
			fresh.Priority = max(fresh.Priority, k.Priority)
			k.disable(now, lives)
		}
	}
	fresh.Status, fresh.ActivateAt, fresh.RetireAt, fresh.RemoveAt = KeyActive, 0, 0, 0
	return append(next, fresh)
}

// Disabled disables one key at once. ErrNoSuchKey; ErrOnlyKey: nothing else
// signs with its algorithm, so that it must be replaced instead.
func (s KeySet) Disabled(kid string, now int64, lives KeyLives) (KeySet, error) {
	i := slices.IndexFunc(s, func(k Key) bool { return k.KID == kid })
	if i < 0 {
		return nil, ErrNoSuchKey
	}
	next := slices.Clone(s)
	k := &next[i]
	if k.Status == KeyActive && !s.signs(k.Algorithm, func(o *Key) bool { return o.KID != kid }) {
		return nil, ErrOnlyKey
	}
	if k.Status == KeyPassive && k.ActivateAt != 0 { // nobody takes over now
		for j := range next {
			if next[j].Algorithm == k.Algorithm {
				next[j].RetireAt = 0
			}
		}
	}
	k.disable(now, lives)
	return next, nil
}

// Same says that both sets hold the same keys in the same states.
func (s KeySet) Same(o KeySet) bool {
	return slices.EqualFunc(s, o, func(a, b Key) bool {
		return a.ID == b.ID && a.Status == b.Status && a.Priority == b.Priority &&
			a.ActivateAt == b.ActivateAt && a.RetireAt == b.RetireAt && a.RemoveAt == b.RemoveAt
	})
}

// disable keeps the row for a while, so that the record shows what it was.
func (k *Key) disable(now int64, lives KeyLives) {
	if k.Status == KeyDisabled && k.RemoveAt != 0 {
		return
	}
	k.Status, k.ActivateAt, k.RetireAt, k.RemoveAt = KeyDisabled, 0, 0, now+lives.of(k.Algorithm)
}

// Ranked are the keys in use, the preferred ones first: the first active one of
// an algorithm signs.
func (s KeySet) Ranked() KeySet {
	used := slices.DeleteFunc(slices.Clone(s), func(k Key) bool {
		return k.Status != KeyActive && k.Status != KeyPassive
	})
	slices.SortStableFunc(used, func(a, b Key) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(b.CreatedAt, a.CreatedAt), cmp.Compare(a.KID, b.KID))
	})
	return used
}

// KeyLives are those of the realm as it is configured. Access tokens may live
// as LongestAccess says. Of a refresh token's life every bound the realm has
// counts, the longest of them; an offline token without an exp is used within
// the offline idle timeout or not at all, and its use gives a new one, so that
// timeout bounds it.
func (c *RealmConfig) KeyLives() KeyLives {
	l := &c.Realm.Lifetimes
	refresh := max(l.idle(true), l.max(true), int64(l.ClientSessionIdle), int64(l.ClientSessionMax), int64(l.OfflineIdle))
	if l.OfflineMaxEnabled {
		refresh = max(refresh, int64(l.OfflineMax))
	}
	return KeyLives{Access: c.LongestAccess(), Refresh: seconds(refresh)}
}

// Next is when something of the set changes after now, 0 when nothing does.
func (s KeySet) Next(now int64) int64 {
	next := int64(0)
	for _, k := range s {
		for _, at := range []int64{k.ActivateAt, k.RetireAt, k.RemoveAt} {
			if at > now {
				next = earlier(next, at)
			}
		}
	}
	return next
}

// Signs says whether new tokens are signed with the key of that kid.
func (s KeySet) Signs(kid string) bool {
	seen := map[string]bool{}
	for _, k := range s.Ranked() {
		if k.Status == KeyActive && !seen[k.Algorithm] {
			if k.KID == kid {
				return true
			}
			seen[k.Algorithm] = true
		}
	}
	return false
}

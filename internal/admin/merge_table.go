package admin

import (
	"fmt"
	"strings"
)

// The kinds of things in an import's table, in its order.
const (
	kindRealm    = "realm"
	kindRoles    = "roles"
	kindGroups   = "groups"
	kindScopes   = "client scopes"
	kindClients  = "clients"
	kindKeys     = "keys"
	kindUsers    = "users"
	kindManagers = "VideoManagers"
)

func kindOrder() []string {
	return []string{kindRealm, kindRoles, kindGroups, kindScopes, kindClients, kindKeys, kindUsers, kindManagers}
}

// table counts what became of the things in files.
type table map[string]*tally

type tally struct {
	inFile, imported, changed int
	skipped                   map[string]*skips // by reason
	reasons                   []string          // in the order they came up
}

// skips are the things skipped for one reason, the first few by name.
type skips struct {
	count  int
	beside int // noted only: they are not skipped as a whole
	names  []string
}

const namedSkips = 3

func (t table) of(kind string) *tally {
	if t[kind] == nil {
		t[kind] = &tally{skipped: map[string]*skips{}}
	}
	return t[kind]
}

func (c *tally) add()    { c.inFile++; c.imported++ }
func (c *tally) change() { c.inFile++; c.changed++ }

// note names a thing beside the counts.
func (c *tally) note(why, name string) { c.name(why, name).beside++ }

// Why things are skipped.
const (
	whySame      = "as stored"
	whyDiffers   = "differs; --overwrite changes it"
	whyPassword  = "the password differs; --overwrite-passwords changes it"
	whyDeleted   = "the id was that of a user who was deleted"
	whyOthers    = "the id is another user's"
	whyAddress   = "the address or name is another user's"
	whyCostly    = "password skipped: a password hash that costs too much"
	whyUnknown   = "password skipped: a password hash by an unknown algorithm"
	whyKeyStatus = "the stored state stays; `keys` changes it"
)

func (c *tally) skip(why, name string) {
	c.inFile++
	c.name(why, name).count++
}

// name finds or begins the skips for a reason and adds a name to them.
func (c *tally) name(why, name string) *skips {
	s := c.skipped[why]
	if s == nil {
		s = &skips{}
		c.skipped[why] = s
		c.reasons = append(c.reasons, why)
	}
	if len(s.names) < namedSkips {
		s.names = append(s.names, name)
	}
	return s
}

// rows is the table as told, without kinds that no file has.
func (t table) rows(realm string) []ImportRow {
	var out []ImportRow
	for _, kind := range kindOrder() {
		c := t[kind]
		if c == nil || c.inFile == 0 && kind != kindUsers { // that there are no users is worth a row
			continue
		}
		row := ImportRow{Realm: realm, Kind: kind, InFile: c.inFile, Imported: c.imported, Changed: c.changed}
		for _, why := range c.reasons {
			s := c.skipped[why]
			row.Skipped += s.count
			row.Why = append(row.Why, s.line(why))
		}
		out = append(out, row)
	}
	return out
}

// line is "2 differ: a, b"; what is as stored needs no names.
func (s *skips) line(why string) string {
	if why == whySame {
		return fmt.Sprintf("%d %s", s.count, why)
	}
	names := strings.Join(s.names, ", ")
	n := s.count + s.beside
	if n > len(s.names) {
		names += ", …"
	}
	return fmt.Sprintf("%d %s (%s)", n, why, names)
}

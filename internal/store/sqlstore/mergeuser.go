package sqlstore

import (
	"fmt"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// replacePage is how many staged changes are read at a time.
const replacePage = 200

// stagedChange is a staged user who exists already.
type stagedChange struct {
	seq             int64
	id              string
	username, email string
	enabled         bool
	doc, prev       string
	change          bool // of the password
	password        []any
	pwSum           int64
}

// replaceStaged changes the users who exist already, and tells what that ends.
func (s *Store) replaceStaged(tx Tx, plan *mergePlan) ([]iam.Revocation, error) {
	var rev []iam.Revocation
	for after := int64(0); ; {
		rows, err := all(tx, scanRow, `select seq, id, username, email, enabled, doc, prev, pw_change,
			pw_id, pw_label, pw_created_at, pw_secret, pw_data, pw_sum
			from import_user where batch = $1 and prev is not null and seq > $2 order by seq limit $3`, plan.batch, after, replacePage)
		if err != nil || len(rows) == 0 {
			return rev, err
		}
		for _, r := range rows {
			c := stagedChange{seq: r.number(), id: r.text(), username: r.text(), email: r.text(), enabled: r.flag(),
				doc: r.text(), prev: r.text(), change: r.flag()}
			for range 5 {
				c.password = append(c.password, any(r.next()))
			}
			c.pwSum = r.number()
			if r.err != nil {
				return nil, r.err
			}
			more, err := s.replaceOne(tx, plan, &c)
			if err != nil {
				return nil, fmt.Errorf("user %s: %w", c.username, err)
			}
			rev, after = append(rev, more...), c.seq
		}
	}
}

func (s *Store) replaceOne(tx Tx, plan *mergePlan, c *stagedChange) ([]iam.Revocation, error) {
	u, err := s.storedUser(tx, plan.realm, c.id)
	if err != nil {
		return nil, iam.ErrStale
	}
	if err := unchanged(u, c.prev); err != nil {
		return nil, err
	}
	disabled := u.Enabled && !c.enabled
	epoch := u.Epoch
	if disabled || c.change {
		epoch++
	}
	_, err = tx.Exec(`update users set username = $2, email = $3, enabled = $4, epoch = $5, doc = $6, sum = $7 where id = $1`,
		c.id, c.username, c.email, flag(c.enabled), epoch, c.doc, s.sums.user(c.id, plan.realm, c.enabled, epoch, c.doc))
	if err != nil {
		return nil, err
	}
	entries, err := notBeforeEntry(plan, &u, c)
	if err != nil {
		return nil, err
	}
	if disabled {
		entries = append(entries, iam.Revocation{RealmID: plan.realm, Kind: iam.RevokeUser, ID: c.id, IssuedBefore: plan.at/1000 + 1, Until: plan.until})
	}
	rev, err := s.revoke(tx, entries...)
	if err != nil || !c.change {
		return rev, err
	}
	_, err = tx.Exec(`update users set pw_id = $2, pw_label = $3, pw_created_at = $4, pw_secret = $5, pw_data = $6, pw_sum = $7 where id = $1`,
		append(append([]any{c.id}, c.password...), c.pwSum)...)
	if err != nil {
		return nil, err
	}
	ended, err := s.endUserSessions(tx, plan.realm, c.id, plan.until)
	return append(rev, ended...), err
}

// notBeforeEntry refuses the tokens that a later not-before is about.
func notBeforeEntry(plan *mergePlan, was *iam.User, c *stagedChange) ([]iam.Revocation, error) {
	var next iam.User
	if err := decode("user "+c.id, c.doc, &next); err != nil || next.NotBefore <= was.NotBefore {
		return nil, err
	}
	return []iam.Revocation{{RealmID: plan.realm, Kind: iam.RevokeUser, ID: c.id, IssuedBefore: next.NotBefore, Until: plan.until}}, nil
}

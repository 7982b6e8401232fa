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
	password        *iam.Credential
}

// replaceStaged changes the users who exist already, and tells what that ends.
func (s *Store) replaceStaged(tx Tx, plan *mergePlan) ([]iam.Revocation, error) {
	var rev []iam.Revocation
	for after := int64(0); ; {
		rows, err := all(tx, scanRow, `select u.seq, u.id, u.username, u.email, u.enabled, u.doc, u.prev, u.pw_change, `+passwordColumns+`
			from import_user u where u.batch = $1 and u.prev is not null and u.seq > $2 order by u.seq limit $3`, plan.batch, after, replacePage)
		if err != nil || len(rows) == 0 {
			return rev, err
		}
		for _, r := range rows {
			c := stagedChange{seq: r.number(), id: r.text(), username: r.text(), email: r.text(), enabled: r.flag(),
				doc: r.text(), prev: r.text(), change: r.flag()}
			if c.password, err = s.fillPassword(r, c.id, firstEpoch); err != nil {
				return nil, err
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
	pw := u.Password
	if c.change {
		pw = c.password
	}
	_, err = tx.Exec(`update users set username = $2, email = $3, enabled = $4, epoch = $5, doc = $6, sum = $7, pw_sum = $8 where id = $1`,
		c.id, c.username, c.email, flag(c.enabled), epoch, c.doc, s.sums.user(c.id, plan.realm, c.enabled, epoch, c.doc),
		s.sums.password(c.id, epoch, pw))
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
	_, err = tx.Exec(`update users set pw_id = $2, pw_label = $3, pw_created_at = $4, pw_secret = $5, pw_data = $6 where id = $1`,
		append([]any{c.id}, password(pw)...)...)
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

package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// maxFindings bounds each list of findings.
const maxFindings = 1000

// CheckRows looks at the sum of every row that has one, as of one moment.
func (s *Store) CheckRows(ctx context.Context) (iam.RowFindings, error) {
	var out iam.RowFindings
	err := s.db.Snapshot(ctx, func(tx Tx) error {
		for _, c := range s.checks() {
			if err := look(tx, c, &out); err != nil && len(out.Unread) < maxFindings {
				out.Unread = append(out.Unread, fmt.Sprintf("table %s: %v", c.table, err))
			}
		}
		return nil
	})
	if err != nil {
		return iam.RowFindings{}, err
	}
	return out, nil
}

// check is how the rows of a table are judged: an error says that the row is
// damaged.
type check struct {
	table, query string
	judge        func(r *row) (id, realmID string, err error)
}

func look(tx Tx, c check, f *iam.RowFindings) error {
	rows, err := tx.Query(c.query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanRow(rows)
		if err != nil {
			return err
		}
		f.Rows++
		if id, realm, err := c.judge(r); err != nil && len(f.Damaged) < maxFindings {
			f.Damaged = append(f.Damaged, iam.DamagedRow{Table: c.table, ID: id, RealmID: realm})
		}
	}
	return rows.Err()
}

// checks are all tables with sums.
func (s *Store) checks() []check {
	return []check{
		{tableRealm, selectRealms, judged(s.fillRealm)},
		{tableClient, `select realm_id, id, client_id, doc, sum from client`, judged(s.fillClient)},
		{tableKey, `select realm_id, id, kid, doc, sum from signing_key`, judged(s.fillKey)},
		{tableUser, `select u.realm_id, u.username, u.email, ` + selectUser[len("select "):], s.judgeUser},
		{tableSession, selectJudged, s.judgeSession},
		{tableClientSession, `select session_id, client_id, started_at, sum from client_session`, s.judgeClientSession},
		{tableFamily, `select f.id, ` + familyColumns + ` from token_family f`, s.judgeFamily},
		{tableFailures, `select realm_id, name_key, ` + failureColumns + ` from login_failure`, s.judgeFailures},
		{tableRevocation, `select ` + revocationColumns + ` from revocation`, func(r *row) (string, string, error) {
			e, err := s.fillRevocation(r)
			return fmt.Sprint(e.Seq), e.RealmID, err
		}},
		{tableManager, `select ` + managerColumns + ` from video_manager v`, func(r *row) (string, string, error) {
			v, err := s.fillVideoManager(r)
			return managerName(&v), v.RealmID, err
		}},
		{tableMember, `select realm_id, vm_id, user_id, sum from vm_member`, func(r *row) (string, string, error) {
			realm, vm, user, sum := r.text(), r.number(), r.text(), r.number()
			return memberName(realm, vm, user), realm, s.checkMember(r, realm, vm, user, sum)
		}},
	}
}

func managerName(v *vms.VideoManager) string { return fmt.Sprintf("%s/%d", v.RealmID, v.ID) }

func memberName(realmID string, vmID int64, userID string) string {
	return fmt.Sprintf("%s/%d/%s", realmID, vmID, userID)
}

func judged[T any](fill func(*row) (T, iam.DamagedRow, error)) func(*row) (id, realmID string, err error) {
	return func(r *row) (string, string, error) {
		_, at, err := fill(r)
		return at.ID, at.RealmID, err
	}
}

// judgeUser also compares the columns by which a user is found with the
// document.
func (s *Store) judgeUser(r *row) (id, realmID string, err error) {
	realm, name, email := r.text(), r.text(), r.text()
	if !r.null() {
		id, _ = r.values[0].(string)
	}
	u, err := s.fillUser(realm, r)
	if err == nil && (iam.CanonicalName(u.Username) != name || iam.CanonicalName(u.Email) != email) {
		err = s.sums.damaged(tableUser, id)
	}
	return id, realm, err
}

// selectJudged are the columns that judgeSession takes.
const selectJudged = `select id, realm_id, user_id, started_at, last_refresh, remember_me, offline, address, method,
	dead_at, sum, touch_sum from user_session`

func (s *Store) judgeSession(r *row) (id, realmID string, err error) {
	u := iam.UserSession{ID: r.text(), RealmID: r.text(), UserID: r.text(), StartedAt: r.number(), LastRefresh: r.number(),
		RememberMe: r.flag(), Offline: r.flag(), Address: r.text(), Method: r.text(), DeadAt: r.number()}
	sum, touch := r.number(), r.number()
	if r.err != nil {
		return u.ID, u.RealmID, s.sums.broken(tableSession, u.ID, r.err)
	}
	return u.ID, u.RealmID, errors.Join(
		s.sums.check(tableSession, u.ID, sum, s.sums.session(&u)),
		s.sums.check(tableSession, u.ID, touch, s.sums.sessionTouch(u.ID, u.LastRefresh, u.DeadAt)))
}

func (s *Store) judgeClientSession(r *row) (id, realmID string, err error) {
	c := iam.ClientSession{SessionID: r.text(), ClientID: r.text(), StartedAt: r.number()}
	sum := r.number()
	id = c.SessionID + "/" + c.ClientID
	if r.err != nil {
		return id, "", s.sums.broken(tableClientSession, id, r.err)
	}
	return id, "", s.sums.check(tableClientSession, id, sum, s.sums.clientSession(&c))
}

func (s *Store) judgeFamily(r *row) (id, realmID string, err error) {
	f := iam.Family{ID: r.text()}
	err = s.fillFamily(&f, r)
	return f.ID, f.RealmID, err
}

func (s *Store) judgeFailures(r *row) (id, realmID string, err error) {
	realm, key := r.text(), string(r.bytes())
	_, err = s.fillFailures(realm, key, r)
	return failureRow(realm, key), realm, err
}

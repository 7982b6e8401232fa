package sqlstore

import (
	"encoding/binary"
	"fmt"

	"github.com/dchest/siphash"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// sums makes and checks the sums of rows. Every row that decides something
// carries a keyed sum over the columns that decide: a bit that turned on the
// disk, or a hand that changed the row without the key, is found when the row
// is read, and the answer is trouble, never a wrong yes or no. What moves often
// and alone has a sum of its own (touch_sum, pw_sum), so that who moves it
// need not know the rest. The times at which a sweeper looks are in no sum.
type sums struct {
	k0, k1 uint64
	tell   func(table, id string)
}

func newSums(root []byte, tell func(table, id string)) *sums {
	key := secret.Tag(root, "row sums")
	if tell == nil {
		tell = func(string, string) {}
	}
	return &sums{binary.LittleEndian.Uint64(key), binary.LittleEndian.Uint64(key[8:]), tell}
}

// check compares the sum that a row carries with the one it should carry.
func (s *sums) check(table, id string, stored, computed int64) error {
	if stored == computed {
		return nil
	}
	return s.damaged(table, id)
}

// damaged tells of a row that is not what was written, and is its error.
func (s *sums) damaged(table, id string) error {
	s.tell(table, id)
	return fmt.Errorf("%w: row %q of table %s", iam.ErrDamaged, id, table)
}

// broken is damaged for a row whose columns cannot even be read.
func (s *sums) broken(table, id string, cause error) error {
	return fmt.Errorf("%w: %w", s.damaged(table, id), cause)
}

// The tables whose rows carry sums.
const (
	tableRealm         = iam.TableRealm
	tableClient        = iam.TableClient
	tableKey           = iam.TableKey
	tableUser          = "users"
	tableSession       = "user_session"
	tableClientSession = "client_session"
	tableFamily        = "token_family"
	tableFailures      = "login_failure"
	tableRevocation    = "revocation"
	tableManager       = "video_manager"
	tableMember        = "vm_member"
)

// summed are the columns of a row in the making of its sum: texts and bytes
// after their length, numbers in eight bytes, the table's name first. A new one
// begins with an array on the stack: see room.
type summed []byte

// room is what most rows take.
type room [1024]byte

func (b summed) text(s string) summed {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}

func (b summed) bytes(s []byte) summed {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}

func (b summed) number(n int64) summed { return binary.LittleEndian.AppendUint64(b, uint64(n)) }

func (b summed) flag(f bool) summed { return b.number(flag(f)) }

func (s *sums) of(b summed) int64 { return int64(siphash.Hash(s.k0, s.k1, b)) }

func (s *sums) realm(id, name, doc string) int64 {
	var r room
	return s.of(summed(r[:0]).text(tableRealm).text(id).text(name).text(doc))
}

func (s *sums) client(id, realmID, clientID, doc string) int64 {
	var r room
	return s.of(summed(r[:0]).text(tableClient).text(id).text(realmID).text(clientID).text(doc))
}

func (s *sums) key(id, realmID, kid, doc string) int64 {
	var r room
	return s.of(summed(r[:0]).text(tableKey).text(id).text(realmID).text(kid).text(doc))
}

// user is users.sum; the name and the address are checked against the document.
func (s *sums) user(id, realmID string, enabled bool, epoch int64, doc string) int64 {
	var r room
	return s.of(summed(r[:0]).text(tableUser).text(id).text(realmID).flag(enabled).number(epoch).text(doc))
}

// password is users.pw_sum; nil is no password. The user's epoch binds it to the
// row: a password that was replaced fits no row that came after it.
func (s *sums) password(userID string, epoch int64, c *iam.Credential) int64 {
	var r room
	b := summed(r[:0]).text("users.pw").text(userID).number(epoch).flag(c != nil)
	if c != nil {
		b = b.text(c.ID).text(c.Label).number(c.CreatedAt).text(c.SecretData).text(c.CredentialData)
	}
	return s.of(b)
}

// session is user_session.sum: what never changes.
func (s *sums) session(u *iam.UserSession) int64 {
	var r room
	return s.of(summed(r[:0]).text(tableSession).text(u.ID).text(u.RealmID).text(u.UserID).number(u.StartedAt).
		flag(u.RememberMe).flag(u.Offline).text(u.Address).text(u.Method))
}

// sessionTouch is user_session.touch_sum.
func (s *sums) sessionTouch(id string, lastRefresh, deadAt int64) int64 {
	var r room
	return s.of(summed(r[:0]).text("user_session.touch").text(id).number(lastRefresh).number(deadAt))
}

func (s *sums) clientSession(c *iam.ClientSession) int64 {
	var r room
	return s.of(summed(r[:0]).text(tableClientSession).text(c.SessionID).text(c.ClientID).number(c.StartedAt))
}

// family is token_family.sum of the row at f.Rev: all but dead_at, which the
// refreshes of a reusable family move alone.
func (s *sums) family(f *iam.Family) int64 {
	var r room
	b := summed(r[:0]).text(tableFamily).text(f.ID).text(f.RealmID).text(f.SessionID).text(f.ClientID).
		text(f.UserID).text(f.Scope).flag(f.Rotating).number(f.Window).number(int64(f.MaxReuse)).text(string(f.Recovery)).
		number(f.Rev).number(f.Gen).bytes(f.Salt).text(f.KeyID).number(f.IssuedAt).number(f.ExpiresAt).
		text(f.ParentJTI).number(int64(f.Superseded)).number(int64(f.Reused)).flag(f.Confirmed).
		number(f.RevokedAt).text(f.RevokeReason)
	for _, u := range f.Ring {
		b = b.text(u.JTI).number(u.FirstUsed)
	}
	return s.of(b)
}

// familyTouch is token_family.touch_sum.
func (s *sums) familyTouch(id string, deadAt int64) int64 {
	var r room
	return s.of(summed(r[:0]).text("token_family.touch").text(id).number(deadAt))
}

// failures is login_failure.sum of the row at f.Rev; open are its reservations
// as stored.
func (s *sums) failures(realmID, key string, f *iam.Failures, open string) int64 {
	var r room
	return s.of(summed(r[:0]).text(tableFailures).text(realmID).text(key).number(int64(f.Count)).number(f.LastAt).
		number(f.WaitUntil).number(int64(f.Lockouts)).flag(f.Locked).bytes(f.LastTag).text(open).number(f.Rev))
}

// revocation covers the number too: readers of the feed ask by it.
func (s *sums) revocation(e *iam.Revocation) int64 {
	var r room
	return s.of(summed(r[:0]).text(tableRevocation).number(e.Seq).text(e.RealmID).text(string(e.Kind)).text(e.ID).
		number(e.IssuedBefore).number(e.Until))
}

// videoManager takes the configuration as stored.
func (s *sums) videoManager(v *vms.VideoManager, configuration string) int64 {
	var r room
	return s.of(summed(r[:0]).text(tableManager).text(v.RealmID).number(v.ID).text(v.Name).text(v.UUID).text(configuration))
}

func (s *sums) member(realmID string, vmID int64, userID string) int64 {
	var r room
	return s.of(summed(r[:0]).text(tableMember).text(realmID).number(vmID).text(userID))
}

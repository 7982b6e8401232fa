package sqlstore

import (
	"sync"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// maxDocuments bounds the remembered users; each takes about 2 KiB.
const maxDocuments = 2048

// documents remembers users by the exact text of their documents, with the
// rows whose sums were found right. A user's document hardly ever changes, and
// decoding it took longer than finding the row (BenchmarkFamily). What is
// remembered is shared: nobody may change the maps and lists of a user.
type documents struct {
	sums  *sums
	mu    sync.RWMutex
	users map[string]*document
}

// document is a decoded document and the row that it was last found good in.
type document struct {
	user iam.User // with the row's id, realm, enabled and epoch
	sum  int64
}

func newDocuments(s *sums) *documents {
	return &documents{sums: s, users: make(map[string]*document)}
}

// user returns the user of a row of the table users without the password, if
// the row's sum is right.
func (d *documents) user(id, realmID, doc string, enabled bool, epoch, sum int64) (iam.User, error) {
	d.mu.RLock()
	known := d.users[doc]
	d.mu.RUnlock()
	if known != nil && known.sum == sum && known.user.ID == id && known.user.RealmID == realmID &&
		known.user.Enabled == enabled && known.user.Epoch == epoch {
		return known.user, nil
	}
	if err := d.sums.check(tableUser, id, sum, d.sums.user(id, realmID, enabled, epoch, doc)); err != nil {
		return iam.User{}, err
	}
	fresh := &document{sum: sum}
	if known != nil {
		fresh.user = known.user
	} else if err := decode("user "+id, doc, &fresh.user); err != nil {
		return iam.User{}, err
	}
	fresh.user.ID, fresh.user.RealmID, fresh.user.Enabled, fresh.user.Epoch = id, realmID, enabled, epoch
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.users) >= maxDocuments {
		clear(d.users) // rarely, and cheaper than knowing which was used last
	}
	d.users[doc] = fresh
	return fresh.user, nil
}

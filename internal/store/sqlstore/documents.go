package sqlstore

import (
	"sync"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// maxDocuments bounds the remembered users; each takes about 2 KiB.
const maxDocuments = 2048

// documents remembers users by the exact text of their documents. A user's
// document hardly ever changes, and decoding it took longer than finding the
// row (BenchmarkFamily). What is remembered is shared: nobody may change the
// maps and lists of a user.
type documents struct {
	mu    sync.RWMutex
	users map[string]*iam.User
}

func newDocuments() *documents { return &documents{users: make(map[string]*iam.User)} }

func (d *documents) user(id, text string) (iam.User, error) {
	d.mu.RLock()
	known := d.users[text]
	d.mu.RUnlock()
	if known != nil {
		return *known, nil
	}
	u := new(iam.User)
	if err := decode("user "+id, text, u); err != nil {
		return iam.User{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.users) >= maxDocuments {
		clear(d.users) // rarely, and cheaper than knowing which was used last
	}
	d.users[text] = u
	return *u, nil
}

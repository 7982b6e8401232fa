package realmfile

import (
	"fmt"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// MaxEach is how many roles (those of clients counted), groups and clients a
// realm can have each: all of them stay in memory, and are written as one.
const MaxEach = 10_000

// HasRoom says whether a realm can have n roles, groups or clients.
func HasRoom(n int) bool { return n <= MaxEach }

// Crowded is the text of the fault where HasRoom says no.
func Crowded(kind string, n int) string {
	return fmt.Sprintf("%d %s are too many: a realm has at most %d", n, kind, MaxEach)
}

// RolesIn counts the roles of a realm, those of its clients too.
func RolesIn(r *iam.Realm) int {
	n := len(r.Roles)
	for _, list := range r.ClientRoles {
		n += len(list)
	}
	return n
}

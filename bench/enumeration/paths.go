package main

import (
	"fmt"
	"strings"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// The realms that are asked: one whose hashes are all new, one that also has
// hashes of older systems, whose slowest sets the time of every failed answer.
const (
	newHashes = "platform"
	oldHashes = "moved"
)

// path is one way in which a login fails.
type path struct {
	name, realm string
	// reference is the path that this one must not be told from.
	reference string
	// user names the user of the n-th attempt; "" makes up a name nobody has.
	user func(n int) string
	// password of the n-th attempt: none twice for one user.
	password func(n int) string
	client   string
	// waits names the series of users who are put into a wait first; "" does not.
	waits string
}

// tries is how often one user fails before another takes over: one more than
// nine would begin a wait.
const tries = 8

func wrong(n int) string { return fmt.Sprintf("a wrong password %07d", n) }

// of names users of a kind, each for a few attempts.
func of(kind string) func(int) string {
	return func(n int) string { return fmt.Sprintf("%s%06d", kind, n/tries) }
}

func nobody(n int) string { return fmt.Sprintf("nobody%06d", n) }

func empty(int) string { return "" }

func overlong(n int) string { return strings.Repeat("x", 1100) + wrong(n) }

// waiters are users of the realm who get into their wait.
const waiters = "waiter"

// The references: an unknown user of each realm, and of a client nobody knows.
const (
	unknown      = "unknown user"
	unknownMoved = "unknown user, older hashes beside"
	noClient     = "unknown client, unknown user"
)

func paths() []path {
	c := rig.Client
	return []path{
		{unknown, newHashes, "", nobody, wrong, c, ""},
		{"wrong password", newHashes, unknown, of("plain"), wrong, c, ""},
		{"empty password", newHashes, unknown, of("empty"), empty, c, ""},
		{"over-long password", newHashes, unknown, of("long"), overlong, c, ""},
		{"disabled", newHashes, unknown, of("disabled"), wrong, c, ""},
		{"no password set", newHashes, unknown, of("bare"), wrong, c, ""},
		{"required action", newHashes, unknown, of("waiting"), wrong, c, ""},
		{"service account", newHashes, unknown, func(n int) string { return fmt.Sprintf("service-account-backend%06d", n/tries) }, wrong, c, ""},
		{"in its wait", newHashes, unknown, nil, wrong, c, waiters},
		{"in its wait, right password", newHashes, unknown, nil, func(int) string { return rig.Password }, c, waiters},
		{"in its wait, unknown user", newHashes, unknown, nil, wrong, c, "ghost"},

		{unknownMoved, oldHashes, "", nobody, wrong, c, ""},
		{"argon2", oldHashes, unknownMoved, of("argon"), wrong, c, ""},
		{"bcrypt", oldHashes, unknownMoved, of("bcrypt"), wrong, c, ""},
		{"pbkdf2", oldHashes, unknownMoved, of("pbkdf"), wrong, c, ""},

		{noClient, newHashes, "", nobody, wrong, "nobody-knows", ""},
		{"unknown client, known user", newHashes, noClient, of("plain"), wrong, "nobody-knows", ""},
	}
}

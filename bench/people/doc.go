// Package people holds people who use a server and remember, as its clients
// do, what they sent and what they were told: logins at several clients under
// both refresh policies, refreshes one by one and several at once, logouts,
// revocations, changes of password, and the account being disabled. After an
// accident they say what must still hold.
package people

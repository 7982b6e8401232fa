// Package login is sign-in: it judges a name and a password, and bounds what
// judging may cost and tell. It imports iam and secret only; what it needs of
// storage, hashing and time it names as small interfaces.
//
// Authenticate is one way for everyone: find the user, look at the failure row,
// share or queue for one hash, reserve, hash, settle, answer at a floor. Its
// invariants:
//
//   - Unknown names, wrong passwords and disabled users cost exactly one hash,
//     and are answered no earlier than the realm's floor. A name in its wait
//     costs none.
//   - A guess is reserved in the store before it is hashed, so that parallel
//     guesses, on any number of nodes, never outrun the policy of iam.
//   - At most Slots hashes run at a time. The slot belongs to the hash: a caller
//     who goes away frees neither it nor the reservation before the hash ends.
//   - The verified-password cache replaces the hash and nothing else, and never
//     says whether a guess is right without that guess being bounded and counted.
//
// The order of checks is part of the design: nothing may look at the password
// that could then be refused as busy and tried again for nothing.
package login

// Command crash kills a working server with SIGKILL, again and again, and
// holds the one that comes up on the same folder against everything its
// clients were told: every acknowledged refresh token refreshes, what had no
// answer is wholly done or wholly not, no honest client is logged out, nothing
// that ended is accepted anywhere, a changed password stays changed, and the
// events of what was acknowledged are there. The history of every token family
// is then searched for an order that the rules of rotation allow.
//
//	go run ./bench/crash --kills 100 [--results FILE] [--seed N]
//	go run ./bench/crash --sum FILE
//
// It prints one summary line last and exits non-zero when a promise was broken.
package main

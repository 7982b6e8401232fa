// Command backup measures what a backup costs a server that goes on working, and
// whether what it brings back is whole and revives nothing: refreshes run at a
// steady rate, with and without a backup beside them; the copy is verified and
// restored to a new folder; and every token that was good or ended before is
// shown to the server that starts there. Exits non-zero when a promise does not
// hold.
package main

// Package audit makes the record of events one that shows tampering, and reads
// it for that. It may import iam and secret.
//
// Events commit unchained, with the changes they tell of. A Sealer follows
// within a second: it puts the committed rows into batches, each under a MAC
// that covers every column of the rows and the MAC of the batch before (a
// seal). One row, the chain, states under a MAC of its own where the seals
// begin and end and which checkpoints there are. Each minute a checkpoint,
// signed with Ed25519, states how far the chain reached; kept elsewhere it shows
// that the whole store was replaced by an older copy, which nothing inside the
// store can.
//
// The keys come from the store's root key (NewKeys). Who can write the database
// but has no key can neither change, remove, insert nor reorder a sealed event
// without Verify finding it.
package audit

package iam

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// EventRow is an event as it lies in the store, for those who seal or verify.
type EventRow struct {
	Row int64
	At  int64 // Unix ms
	// Bytes is every column in its order, each with its kind and length before
	// it: two rows have the same bytes when they are the same in every column.
	Bytes []byte
}

// EventBounds are the first and the last row that are there; First is above
// Last when none is.
type EventBounds struct{ First, Last int64 }

// Seal vouches for the events of the rows From to To, of which there are
// Count. Its MAC covers the seal before it, so that seals form a chain.
type Seal struct {
	From, To int64
	At       int64 // Unix ms, when it was made
	Count    int64
	MAC      []byte
}

// Chain states where the chain of seals begins and ends, and which checkpoints
// there are. Rows up to BaseRow have passed their retention; BaseMAC is the MAC
// of the last seal among them, or the beginning of all.
type Chain struct {
	BaseRow, HeadRow int64
	BaseMAC, HeadMAC []byte
	// FirstPoint and LastPoint are the numbers of the checkpoints kept; when
	// there is none, FirstPoint is LastPoint + 1.
	FirstPoint, LastPoint int64
	MAC                   []byte // over all of the above
}

// Checkpoint is a signed statement of how far the chain reached at a moment.
// Doc is JSON, and the signature (Ed25519) covers its very bytes.
type Checkpoint struct {
	Number    int64 // 1, 2, …
	Row       int64
	At        int64 // Unix ms
	Doc       []byte
	Signature []byte
}

// SealPurpose is what the key of the chain is derived for from a store's root
// key (secret.Tag).
const SealPurpose = "chain of event seals"

// FirstChain is the chain of a new store, under the chain's key. It is written
// together with the root key, so that a store without one is known to have lost
// it.
func FirstChain(key []byte) Chain {
	begin := mac(key, []byte("usher event chain begins"))
	c := Chain{BaseMAC: begin, HeadMAC: begin, FirstPoint: 1}
	c.MAC = c.Sum(key)
	return c
}

// Sum is the MAC that a chain should carry.
func (c *Chain) Sum(key []byte) []byte {
	return mac(key, []byte("usher event chain"), number(c.BaseRow), c.BaseMAC, number(c.HeadRow), c.HeadMAC,
		number(c.FirstPoint), number(c.LastPoint))
}

// Sum is the MAC that a seal should carry: HMAC-SHA-256 over the MAC before it,
// what it says, and the SHA-256 of the rows' bytes, one after the other.
func (s *Seal) Sum(key, prev []byte, rows [sha256.Size]byte) []byte {
	return mac(key, []byte("usher event seal"), prev, number(s.From), number(s.To), number(s.Count), number(s.At), rows[:])
}

// mac puts the length before each part.
func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(number(int64(len(p))))
		h.Write(p)
	}
	return h.Sum(nil)
}

func number(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

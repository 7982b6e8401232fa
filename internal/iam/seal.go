package iam

// EventRow is an event as it lies in the store, for those who seal or verify.
type EventRow struct {
	Row int64
	At  int64 // Unix ms
	// Bytes is every column in its order, each with its kind and length before
	// it: two rows have the same bytes when they are the same in every column.
	Bytes []byte
}

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

// Checkpoint is a signed statement of how far the chain reached at a moment;
// Doc is JSON, and the signature (Ed25519) covers its very bytes.
type Checkpoint struct {
	Number    int64 // 1, 2, …
	Row       int64
	At        int64 // Unix ms
	Doc       []byte
	Signature []byte
}

// EventBounds are the first and the last row that are there; 0 when none is.
type EventBounds struct{ First, Last int64 }

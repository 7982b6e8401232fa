package audit

// Report says what reading the whole record found.
type Report struct {
	OK bool `json:"ok"` // no finding
	// Events, Seals and Checkpoints count what was read and judged.
	Events      int64 `json:"events"`
	Seals       int64 `json:"seals"`
	Checkpoints int64 `json:"checkpoints"`
	// FromRow is the first row of the record; earlier ones passed their
	// retention. SealedToRow is the last sealed one, and SealedAt (Unix ms) when
	// that was; 0 when no seal was made yet.
	FromRow     int64 `json:"from_row"`
	SealedToRow int64 `json:"sealed_to_row"`
	SealedAt    int64 `json:"sealed_at"`
	// Unsealed counts the rows after it, which nothing vouches for yet.
	Unsealed int64 `json:"unsealed"`
	// Outside says what the checkpoint from outside was good for; "" without one.
	Outside  Outside   `json:"outside_checkpoint,omitempty"`
	Findings []Finding `json:"findings"` // never null
	// More counts findings beyond those listed.
	More int64 `json:"more_findings,omitempty"`
}

// Outside is what comparing with a checkpoint from outside came to.
type Outside string

// The ways it can end.
const (
	OutsideMatches Outside = "matches"
	OutsideDiffers Outside = "differs" // a finding says how
	// OutsidePassed: what it speaks of has passed its retention.
	OutsidePassed Outside = "passed_retention"
)

// Finding is something that is not as it was written.
type Finding struct {
	Kind Kind `json:"kind"`
	// FromRow and ToRow are the events concerned; 0 where none can be named.
	FromRow int64  `json:"from_row,omitempty"`
	ToRow   int64  `json:"to_row,omitempty"`
	Text    string `json:"text"` // a sentence
}

// Kind is the kind of a Finding.
type Kind string

// The kinds. Changed covers reordering: what a row is changed into may be
// another row.
const (
	Changed   Kind = "changed"
	Missing   Kind = "missing"
	Added     Kind = "added"
	Truncated Kind = "truncated"
	// Chained: the row that states where the record begins and ends.
	Chained Kind = "chain"
	// Pointed: a checkpoint.
	Pointed Kind = "checkpoint"
)

// maxFindings bounds the list.
const maxFindings = 200

func (r *Report) find(kind Kind, from, to int64, text string) {
	if len(r.Findings) >= maxFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, Finding{kind, from, to, text})
}

package api

import "encoding/json"

// Event is one line of the audit record.
type Event struct {
	Row       int64             `json:"row"`
	ID        string            `json:"id"` // the error_id of the answer, where there was an error
	At        int64             `json:"at"` // Unix ms
	Realm     string            `json:"realm,omitempty"`
	Type      string            `json:"type"`
	Error     string            `json:"error,omitempty"`
	ClientID  string            `json:"client_id,omitempty"`
	UserID    string            `json:"user_id,omitempty"`
	SessionID string            `json:"session_id,omitempty"`
	Address   string            `json:"address,omitempty"`
	Details   map[string]string `json:"details,omitempty"`
}

// VerifyEvents may bring a checkpoint that was kept elsewhere: an older copy of
// the whole record is found by it.
type VerifyEvents struct {
	Checkpoint json.RawMessage `json:"checkpoint,omitempty"`
}

// EventsVerified says what reading the whole record found.
type EventsVerified struct {
	OK          bool  `json:"ok"` // no finding
	Events      int64 `json:"events"`
	Seals       int64 `json:"seals"`
	Checkpoints int64 `json:"checkpoints"`
	// FromRow is the first row of the sealed record; earlier ones passed their
	// retention. SealedToRow and SealedAt (Unix ms) say how far the seal reaches.
	FromRow     int64 `json:"from_row"`
	SealedToRow int64 `json:"sealed_to_row"`
	SealedAt    int64 `json:"sealed_at"`
	Unsealed    int64 `json:"unsealed"` // rows after it
	// Outside is what became of the checkpoint that was sent: "matches",
	// "differs" (a finding says how) or "passed_retention"; "" without one.
	Outside  string         `json:"outside_checkpoint,omitempty"`
	Findings []EventFinding `json:"findings"`
	More     int64          `json:"more_findings,omitempty"` // beyond those listed
}

// EventFinding is something that is not as it was written.
type EventFinding struct {
	Kind    string `json:"kind"` // changed (or reordered), missing, added, truncated, chain, checkpoint
	FromRow int64  `json:"from_row,omitempty"`
	ToRow   int64  `json:"to_row,omitempty"`
	Text    string `json:"text"`
}

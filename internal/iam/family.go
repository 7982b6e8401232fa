package iam

// Recovery says when the direct parent of the current refresh token may be
// used again after its window: the rule for a response that got lost.
type Recovery string

const (
	RecoverNever       Recovery = "off"
	RecoverUnconfirmed Recovery = "unconfirmed" // until an access token of the successor was seen
	RecoverUntilUsed   Recovery = "until_used"  // until the successor itself was presented
)

// Family is a token family: the chain of refresh tokens that came from one
// login at one client. One row of constant size, whatever the number of
// refreshes. The policy fields are fixed at login.
type Family struct {
	ID        string
	RealmID   string
	SessionID string
	ClientID  string // UUID
	UserID    string
	// Scope is the full granted scope, as the refresh token states it.
	Scope string

	Rotating bool
	Window   int64 // ms
	MaxReuse int
	Recovery Recovery

	// Rev counts the writes of this row; conditional writes name it.
	Rev int64
	// Gen is the generation: the number of the newest refresh token. A
	// reusable family stays at 0.
	Gen       int64
	Salt      []byte // of the current token's jti
	KeyID     string // kid of the HMAC key that made the current token
	IssuedAt  int64  // Unix s, iat of the current token
	ExpiresAt int64  // Unix s, exp of the current token; 0: none

	ParentJTI  string
	Ring       []Used // newest first, at most 4
	Superseded int    // recoveries from the present parent
	Reused     int    // uses granted by MaxReuse
	Confirmed  bool

	RevokedAt    int64 // Unix ms; 0: alive
	RevokeReason string
	// DeadAt is when a sweeper may delete the row (Unix ms).
	DeadAt int64
}

// Used is a rotated-out refresh token in a family's ring.
type Used struct {
	JTI       string `json:"jti"`
	FirstUsed int64  `json:"at"` // Unix ms
}

// ringSize is how many rotated-out tokens a family remembers one by one. Older
// ones are known by their generation alone.
const ringSize = 4

// maxSuperseded is how often a lost successor may be replaced.
const maxSuperseded = 3

// backStep is how far, in ms, the clock may stand before a token's first use
// without its window being closed.
const backStep = 1000

// Fresh is the refresh token a family takes next, should it move on.
type Fresh struct {
	Salt      []byte
	KeyID     string
	IssuedAt  int64 // Unix s
	ExpiresAt int64 // Unix s; 0 none
	DeadAt    int64 // Unix ms, of the family's row
}

// Presentation is one use of a refresh token that is authentic, unexpired,
// of this family, and sent by the family's client in a live session.
type Presentation struct {
	JTI string
	Gen int64
	// CurrentJTI is the jti of the family's current token, made from its row.
	CurrentJTI string
	At         int64 // Unix ms, the store's clock
	Fresh      Fresh
	// RejectAhead is the realm's setting of that name.
	RejectAhead bool
}

// Outcome says what a presented refresh token is worth.
type Outcome string

const (
	// Pass: a reusable family takes any generation; nothing is written.
	Pass Outcome = "pass"
	// Rotate: the current token; commit Next.
	Rotate Outcome = "rotate"
	// Converge: rotated out, still within its window or its count; the answer is
	// the current token, byte for byte. Commit Next only when Write says so.
	Converge Outcome = "converge"
	// Recover: the direct parent of a successor that got lost; commit Next.
	Recover Outcome = "recover"
	// Ahead: newer than the row, whose last commits were lost; commit Next.
	Ahead Outcome = "ahead"
	// AheadRefused: newer than the row in a realm that rejects such tokens.
	AheadRefused Outcome = "ahead_refused"
	// Reuse: authentic but none of the above; the family must be revoked.
	Reuse Outcome = "reuse"
	// Dead: the family was revoked before; nothing is to be done.
	Dead Outcome = "dead"
)

// Why a presentation counts as reuse.
const (
	ReuseParent     = "parent"     // of a successor that arrived, or recovered too often
	ReuseAncestor   = "ancestor"   // older than the parent
	ReuseSuperseded = "superseded" // a successor that a recovery replaced
	ReuseFork       = "fork"       // of the current generation, yet another token
)

// Decision is the outcome of a presentation.
type Decision struct {
	Outcome Outcome
	// Write asks for Next to be committed, on condition of the row decided upon.
	Write bool
	Next  Family
	// Reason is set for Reuse.
	Reason string
}

// Present judges one use of a refresh token. It is the whole of the rotation
// rules: a counted family (the generation orders tokens, never the clock), a
// converging window (every holder of a rotated-out token gets the one current
// token for a moment), and a superseding recovery (a lost successor is replaced
// once the window is over). Only Recover opens a window again.
func (f Family) Present(p Presentation) Decision {
	switch {
	case f.RevokedAt != 0:
		return Decision{Outcome: Dead}
	case !f.Rotating:
		return Decision{Outcome: Pass}
	case p.Gen > f.Gen && p.RejectAhead:
		return Decision{Outcome: AheadRefused}
	case p.Gen > f.Gen:
		return Decision{Outcome: Ahead, Write: true, Next: f.after(p, p.Gen+1)}
	case p.Gen == f.Gen && p.JTI == p.CurrentJTI:
		return Decision{Outcome: Rotate, Write: true, Next: f.after(p, f.Gen+1)}
	case p.Gen == f.Gen:
		return Decision{Outcome: Reuse, Reason: ReuseFork}
	default:
		return f.presentOld(p)
	}
}

// presentOld judges a token of an earlier generation.
func (f Family) presentOld(p Presentation) Decision {
	at, remembered := f.firstUse(p.JTI)
	parent := p.JTI == f.ParentJTI
	switch {
	case remembered && f.windowOpen(at, p.At):
		return Decision{Outcome: Converge}
	case parent && f.Reused < f.MaxReuse:
		next := f
		next.Rev, next.Reused = f.Rev+1, f.Reused+1
		return Decision{Outcome: Converge, Write: true, Next: next}
	case parent && f.recoverable():
		return Decision{Outcome: Recover, Write: true, Next: f.recovered(p)}
	case parent:
		return Decision{Outcome: Reuse, Reason: ReuseParent}
	case p.Gen >= f.Gen-int64(f.Superseded):
		return Decision{Outcome: Reuse, Reason: ReuseSuperseded}
	default:
		return Decision{Outcome: Reuse, Reason: ReuseAncestor}
	}
}

func (f Family) firstUse(jti string) (at int64, ok bool) {
	for _, u := range f.Ring {
		if u.JTI == jti {
			return u.FirstUsed, true
		}
	}
	return 0, false
}

// windowOpen says whether a token first used at first still converges. A clock
// that stepped back counts as no time at all, and by more than backStep as all
// of it: a window may become shorter by that, never longer.
func (f Family) windowOpen(first, now int64) bool {
	elapsed := now - first
	return f.Window > 0 && elapsed >= -backStep && elapsed <= f.Window
}

func (f Family) recoverable() bool {
	if f.Superseded >= maxSuperseded {
		return false
	}
	switch f.Recovery {
	case RecoverUntilUsed: // a used successor would have moved the generation
		return true
	case RecoverUnconfirmed:
		return !f.Confirmed
	default:
		return false
	}
}

// after is the row once p's token was exchanged for the fresh one.
func (f Family) after(p Presentation, gen int64) Family {
	next := f.renewed(p.Fresh, gen)
	next.ParentJTI = p.JTI
	next.Superseded, next.Reused = 0, 0
	kept := f.Ring[:min(len(f.Ring), ringSize-1)]
	next.Ring = append([]Used{{JTI: p.JTI, FirstUsed: p.At}}, kept...)
	return next
}

// recovered is the row once the lost successor of p's token was replaced: the
// parent stays the parent, and its window begins anew.
func (f Family) recovered(p Presentation) Family {
	next := f.renewed(p.Fresh, f.Gen+1)
	next.Superseded = f.Superseded + 1
	next.Ring = make([]Used, len(f.Ring))
	for i, u := range f.Ring {
		if u.JTI == p.JTI {
			u.FirstUsed = p.At
		}
		next.Ring[i] = u
	}
	return next
}

func (f Family) renewed(n Fresh, gen int64) Family {
	f.Rev++
	f.Gen = gen
	f.Salt, f.KeyID, f.IssuedAt, f.ExpiresAt = n.Salt, n.KeyID, n.IssuedAt, n.ExpiresAt
	f.DeadAt = n.DeadAt
	f.Confirmed = false
	return f
}

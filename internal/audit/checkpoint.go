package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// Statement is what a checkpoint says: at the moment At, Number checkpoints had
// been made and the chain of seals reached Row, with the MAC Seal.
type Statement struct {
	Version int    `json:"version"` // 1
	Number  int64  `json:"number"`
	Row     int64  `json:"row"`
	At      int64  `json:"at"`   // Unix ms
	Seal    []byte `json:"seal"` // base64
	Key     []byte `json:"key"`  // base64, the Ed25519 public key of the signature
}

// signed is a checkpoint as it is kept outside of the store: one JSON object,
// in whatever layout.
type signed struct {
	Statement
	Signature []byte `json:"signature"` // base64
}

const (
	statementVersion = 1
	// signedContext keeps a signature from being taken for one of another kind.
	signedContext = "usher event checkpoint\n"
	// maxCheckpoint is the most bytes a checkpoint from outside may have.
	maxCheckpoint = 4096
)

var (
	// ErrMalformed says that something is no checkpoint at all.
	ErrMalformed = errors.New("not a checkpoint")
	// ErrForeign says that a checkpoint was not signed with the key given: it is
	// another store's, or was changed.
	ErrForeign = errors.New("the checkpoint is not signed by this store")
)

// state makes the signed checkpoint of a chain.
func (k Keys) state(c iam.Chain, number, at int64) (iam.Checkpoint, error) {
	doc, err := json.Marshal(Statement{Version: statementVersion, Number: number, Row: c.HeadRow, At: at, Seal: c.HeadMAC, Key: k.Public()})
	if err != nil {
		return iam.Checkpoint{}, err
	}
	return iam.Checkpoint{Number: number, Row: c.HeadRow, At: at, Doc: doc, Signature: ed25519.Sign(k.sign, toSign(doc))}, nil
}

func toSign(doc []byte) []byte { return append([]byte(signedContext), doc...) }

// Latest is the newest checkpoint as one JSON object, to be kept elsewhere.
// iam.ErrNotFound: none was made yet.
func Latest(ctx context.Context, r Reader) ([]byte, error) {
	c, err := r.Chain(ctx)
	if err != nil {
		return nil, err
	}
	points, err := r.Checkpoints(ctx, c.LastPoint-1, 1)
	if err != nil {
		return nil, err
	}
	if len(points) == 0 {
		return nil, iam.ErrNotFound
	}
	return Export(points[0])
}

// Export is a stored checkpoint as one JSON object.
func Export(p iam.Checkpoint) ([]byte, error) {
	out := signed{Signature: p.Signature}
	if err := json.Unmarshal(p.Doc, &out.Statement); err != nil {
		return nil, fmt.Errorf("checkpoint %d: %w", p.Number, err)
	}
	return json.MarshalIndent(out, "", "  ")
}

// ReadCheckpoint reads a checkpoint that Export made and checks its signature.
// ErrMalformed: it is none; ErrForeign: the key is another, or it was changed.
func ReadCheckpoint(data []byte, key ed25519.PublicKey) (Statement, error) {
	var in signed
	if len(data) > maxCheckpoint {
		return Statement{}, fmt.Errorf("%w: it has more than %d bytes", ErrMalformed, maxCheckpoint)
	}
	if err := strictly(data, &in); err != nil {
		return Statement{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if in.Version != statementVersion {
		return Statement{}, fmt.Errorf("%w: version %d is not known", ErrMalformed, in.Version)
	}
	// The statement is encoded again: how it was laid out does not count.
	doc, err := json.Marshal(in.Statement)
	if err != nil {
		return Statement{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return in.Statement, check(doc, in.Signature, in.Statement, key)
}

// readStored reads a checkpoint of the store; here every byte counts.
func readStored(p iam.Checkpoint, key ed25519.PublicKey) (Statement, error) {
	var st Statement
	if err := strictly(p.Doc, &st); err != nil {
		return st, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if st.Number != p.Number || st.Row != p.Row || st.At != p.At {
		return st, fmt.Errorf("%w: it states another number, row or time than its row", ErrMalformed)
	}
	return st, check(p.Doc, p.Signature, st, key)
}

func check(doc, signature []byte, st Statement, key ed25519.PublicKey) error {
	if !bytes.Equal(st.Key, key) || !ed25519.Verify(key, toSign(doc), signature) {
		return ErrForeign
	}
	return nil
}

// strictly decodes one JSON value that holds nothing unknown, and nothing else.
func strictly(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows it")
	}
	return nil
}

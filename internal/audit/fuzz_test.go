package audit_test

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/audit"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

func isErr(err, want error) bool { return errors.Is(err, want) }

// FuzzCheckpoint asks that nothing but what was signed is taken for it, however
// it is written down.
func FuzzCheckpoint(f *testing.F) {
	keys := audit.NewKeys([]byte("root"))
	doc, err := json.Marshal(audit.Statement{Version: 1, Number: 7, Row: 42, At: start, Seal: []byte("seal"), Key: keys.Public()})
	ok(f, err)
	sign := ed25519.Sign(keys.Private(), append([]byte("usher event checkpoint\n"), doc...))
	good, err := audit.Export(iam.Checkpoint{Doc: doc, Signature: sign})
	ok(f, err)
	genuine, err := audit.ReadCheckpoint(good, keys.Public())
	ok(f, err)
	f.Add(good)
	f.Add(doc)
	f.Add([]byte(`{"version":1,"number":7,"row":42,"at":0,"seal":null,"key":"","signature":"AA=="}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := audit.ReadCheckpoint(data, keys.Public())
		switch {
		case err == nil:
			if diff := cmp.Diff(genuine, got); diff != "" {
				t.Errorf("a statement that was never signed (-signed +got):\n%s", diff)
			}
		case !errors.Is(err, audit.ErrMalformed) && !errors.Is(err, audit.ErrForeign):
			t.Errorf("%v", err)
		}
	})
}

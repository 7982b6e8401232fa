package secret

import (
	"bytes"
	"errors"
	"testing"
)

// TestARootKeyIsMadeOnce: a new store gets a root key, and only the master key
// that sealed it opens it again.
func TestARootKeyIsMadeOnce(t *testing.T) {
	t.Parallel()
	sealer, err := NewSealer(NewMasterKey())
	if err != nil {
		t.Fatal(err)
	}
	root, stored, err := sealer.UnlockRoot(nil)
	if err != nil || len(root) != RootKeySize || bytes.Contains(stored, root) {
		t.Fatalf("%d bytes, %v", len(root), err)
	}
	again, none, err := sealer.UnlockRoot(stored)
	if err != nil || none != nil || !bytes.Equal(again, root) {
		t.Errorf("opened another key: %v", err)
	}
	other, err := NewSealer(NewMasterKey())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := other.UnlockRoot(stored); !errors.Is(err, ErrSealed) {
		t.Errorf("another master key: %v", err)
	}
}

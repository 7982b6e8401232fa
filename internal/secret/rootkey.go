package secret

// The place of a store's root key among what is sealed.
const (
	rootKeyID      = "store"
	rootKeyPurpose = "root-key"
)

// RootKeySize is the length of a store's root key in bytes.
const RootKeySize = 32

// UnlockRoot opens a store's root key, from which the keys of row sums, names
// and the event record are derived. Without one (sealed nil) it makes one, and
// returns it sealed, to be stored. ErrSealed: another master key sealed it.
func (s *Sealer) UnlockRoot(sealed []byte) (root, store []byte, err error) {
	if sealed == nil {
		root = Token(RootKeySize)
		return root, s.SealRoot(root), nil
	}
	root, err = s.Open(sealed, "", rootKeyID, rootKeyPurpose)
	return root, nil, err
}

// SealRoot seals a root key, as UnlockRoot opens it.
func (s *Sealer) SealRoot(root []byte) []byte { return s.Seal(root, "", rootKeyID, rootKeyPurpose) }

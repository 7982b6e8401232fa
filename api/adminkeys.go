package api

// Key is a signing key; times are Unix ms, 0 none.
type Key struct {
	KID       string `json:"kid"`
	Algorithm string `json:"algorithm"`
	Status    string `json:"status"` // ACTIVE, PASSIVE, DISABLED
	Priority  int    `json:"priority"`
	Signs     bool   `json:"signs"` // new tokens of this algorithm are signed with it
	CreatedAt int64  `json:"created_at,omitempty"`
	// ActivateAt, RetireAt and RemoveAt are what a running rotation does next.
	ActivateAt int64 `json:"activate_at,omitempty"`
	RetireAt   int64 `json:"retire_at,omitempty"`
	RemoveAt   int64 `json:"remove_at,omitempty"`
}

// RotateKeys asks for new signing keys.
type RotateKeys struct {
	Algorithm string `json:"algorithm,omitempty"` // "": every algorithm in use
	// Immediately takes the new keys at once and refuses what the old ones signed.
	Immediately bool `json:"immediately,omitempty"`
}

// KeysChanged is the realm's keys after a change.
type KeysChanged struct {
	Keys []Key `json:"keys"`
}

// RotateMasterKey brings the new master key, 32 bytes, which the caller keeps.
// Without one the server makes it and puts it in the place of its old one.
type RotateMasterKey struct {
	New []byte `json:"new,omitempty"`
}

// MasterKeyRotated says how many values are sealed under the new key.
type MasterKeyRotated struct {
	Resealed int `json:"resealed"`
	// File holds the new key where the server made it.
	File string `json:"file,omitempty"`
	// OldFile holds the old key then: backups made before need it.
	OldFile string `json:"old_file,omitempty"`
}

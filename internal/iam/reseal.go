package iam

import (
	"encoding/base64"
	"encoding/json"
	"slices"
)

// The purposes under which values are sealed; the id is that of the row they
// belong to, of the credential for PurposeCredential.
const (
	PurposeSigningKey   = "signing-key"
	PurposeClientSecret = "client-secret"
	PurposeCredential   = "credential"
	PurposeKept         = "kept"
)

// SealedText is a sealed value as it stands in a stored document: in base64, as
// the whole of a JSON string.
type SealedText struct {
	Text        string
	ID, Purpose string // of its place; the realm is the row's
}

// SealedChange puts another sealed value where Prev stands in a row.
type SealedChange struct {
	Table, ID  string // realm, client, signing_key or users
	Prev, Next string // base64
}

// SealedTexts lists what is sealed in the realm's document.
func (r *Realm) SealedTexts() []SealedText { return sealedKept(r.Kept, r.ID) }

// SealedTexts lists what is sealed in the client's document.
func (c *Client) SealedTexts() []SealedText {
	out := sealedKept(c.Kept, c.ID)
	if len(c.SealedSecret) > 0 {
		out = append(out, SealedText{base64.StdEncoding.EncodeToString(c.SealedSecret), c.ID, PurposeClientSecret})
	}
	return out
}

// SealedTexts lists what is sealed in the key's document.
func (k *Key) SealedTexts() []SealedText {
	if len(k.Sealed) == 0 {
		return nil
	}
	return []SealedText{{base64.StdEncoding.EncodeToString(k.Sealed), k.ID, PurposeSigningKey}}
}

// SealedTexts lists what is sealed in the user's document. A password's hash is
// not.
func (u *User) SealedTexts() []SealedText {
	out := sealedKept(u.Kept, u.ID)
	for _, c := range u.Other {
		if c.SecretData != "" {
			out = append(out, SealedText{c.SecretData, c.ID, PurposeCredential})
		}
	}
	return out
}

// sealedKept finds the kept members that are {"sealed": base64} and nothing
// else.
func sealedKept(kept map[string]json.RawMessage, id string) []SealedText {
	var out []SealedText
	for _, raw := range kept {
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) != nil || len(members) != 1 {
			continue
		}
		var text string
		if json.Unmarshal(members["sealed"], &text) != nil || text == "" {
			continue
		}
		out = append(out, SealedText{text, id, PurposeKept})
	}
	slices.SortFunc(out, func(a, b SealedText) int {
		if a.Text < b.Text {
			return -1
		}
		return 1
	})
	return out
}

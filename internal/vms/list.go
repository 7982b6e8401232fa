package vms

import (
	"bytes"
	"encoding/json"
)

// List is one user's VideoManagers, by id. It is immutable and shared by all
// calls of that user.
type List struct {
	VideoManagers []VideoManager
	// JSON is the bare array that GET /v1/vms answers, made once.
	JSON []byte
}

// NewList makes a List of rows that are ordered by id. The error says that a
// configuration is not JSON.
func NewList(rows []VideoManager) (*List, error) {
	all := make([]VideoManager, len(rows)) // a bare array, never null
	copy(all, rows)
	for i := range all {
		if len(all[i].Configuration) == 0 {
			all[i].Configuration = json.RawMessage("{}")
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // as every other body is written
	if err := enc.Encode(all); err != nil {
		return nil, err
	}
	return &List{VideoManagers: all, JSON: bytes.TrimSuffix(b.Bytes(), []byte("\n"))}, nil
}

// Find returns the VideoManager with the id.
func (l *List) Find(id int64) (VideoManager, bool) {
	for _, m := range l.VideoManagers {
		if m.ID == id {
			return m, true
		}
	}
	return VideoManager{}, false
}

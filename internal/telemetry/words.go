package telemetry

import (
	"slices"
	"sync"
)

// words is a label set that is closed by its size: values come from constants
// in code that this package cannot name (the faults of an endpoint, the rules
// of a token family). What does not look like one, and what comes after the
// limit, is "other".
type words struct {
	mu    sync.RWMutex
	known []string
}

const maxWords = 96

func (w *words) label(v string) string {
	w.mu.RLock()
	known := slices.Contains(w.known, v)
	w.mu.RUnlock()
	if known {
		return v
	}
	if !isWord(v) {
		return other
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.known) >= maxWords {
		return other
	}
	w.known = append(w.known, v)
	return v
}

// isWord says whether v could be a constant: lower-case letters and underscores.
func isWord(v string) bool {
	if v == "" || len(v) > 40 {
		return false
	}
	for i := range len(v) {
		if (v[i] < 'a' || v[i] > 'z') && v[i] != '_' {
			return false
		}
	}
	return true
}

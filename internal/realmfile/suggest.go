package realmfile

import "github.com/seed-a6a28e10/usher/internal/nearest"

// didYouMean is a hint for a misspelt member, or "".
func didYouMean(name string, sets ...map[string]bool) string {
	if len(name) > 64 { // nobody means a known name by it
		return ""
	}
	var known []string
	for _, set := range sets {
		for candidate := range set {
			if candidate != name {
				known = append(known, candidate)
			}
		}
	}
	best := nearest.Name(name, max(1, len(name)/4), known)
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

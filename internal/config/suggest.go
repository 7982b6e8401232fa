package config

// suggest is the fix for a misspelt name.
func suggest(name string, known []string) string {
	best := nearest(name, known, max(2, len(name)/3))
	if best == "" {
		return "remove it; `usher serve --help` lists the settings"
	}
	return "did you mean " + best + "?"
}

// nearest is the known name at most limit edits away, or "".
func nearest(name string, known []string, limit int) string {
	best, distance := "", limit+1
	for _, k := range known {
		if d := editDistance(name, k); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// editDistance is Levenshtein's, in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

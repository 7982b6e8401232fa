package admin

// didYouMean is a hint for a misspelt member, or "".
func didYouMean(name string, sets ...map[string]bool) string {
	if len(name) > 64 { // nobody means a known name by it
		return ""
	}
	best, distance := "", max(1, len(name)/4)+1
	for _, set := range sets {
		for candidate := range set {
			if candidate == name {
				continue
			}
			d := editDistance(name, candidate)
			if d < distance || d == distance && best != "" && candidate < best {
				best, distance = candidate, d
			}
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
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

package docs

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestReliabilityFigures holds the figures of reliability.md to the files of
// results they are the sums of.
func TestReliabilityFigures(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{
		figure(t, "crash", "kills", "operations", "violations"),
		figure(t, "powercut", "cuts", "answers", "violations"),
	} {
		if !strings.Contains(string(text), row) {
			t.Errorf("the row must be\n%s", row)
		}
	}
}

// figure is a row of the table: the program, its runs, and the sums of three
// members of their results.
func figure(t *testing.T, program string, members ...string) string {
	t.Helper()
	f, err := os.Open("../bench/results/" + program + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	runs, sums := 0, make([]int, len(members))
	for lines := bufio.NewScanner(f); lines.Scan(); runs++ {
		var run map[string]any
		if err := json.Unmarshal(lines.Bytes(), &run); err != nil {
			t.Fatal(err)
		}
		for i, name := range members {
			n, ok := run[name].(float64)
			if !ok {
				t.Fatalf("a run of %s without %s", program, name)
			}
			sums[i] += int(n)
		}
	}
	return fmt.Sprintf("| `bench/%s` | %d | %s %s | %s %s | %s |", program, runs,
		grouped(sums[0]), members[0], grouped(sums[1]), members[1], grouped(sums[2]))
}

// grouped writes 12,345 for 12345.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

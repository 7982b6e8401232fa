package cli_test

import (
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/cli"
)

func TestTable(t *testing.T) {
	t.Parallel()
	table := cli.Table{Head: []string{"NAME", "MAIL", "ID"}}
	table.Add("anna", "", "0b9b4cf2-5a0c-4f5e-9a3e-1d2f3a4b5c6d")
	table.Add("jürgen\x1b[2J", "a\tb\nc", "short")
	for bold, want := range map[bool]string{
		false: "NAME           MAIL     ID\n" +
			"anna           -        0b9b4cf2-5a0c-4f5e-9a3e-1d2f3a4b5c6d\n" +
			`jürgen\x1b[2J  a\tb\nc  short` + "\n",
		true: "\x1b[1mNAME           MAIL     ID\x1b[0m\n",
	} {
		var b strings.Builder
		if err := table.Write(&b, bold); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); !strings.HasPrefix(got, want) {
			t.Errorf("printed\n%s, want\n%s", got, want)
		}
	}
}

func TestFacts(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := cli.Facts(&b, [][2]string{{"user", "anna"}, {"e-mail", ""}, {"enabled", "yes"}}); err != nil {
		t.Fatal(err)
	}
	if want := "user     anna\nenabled  yes\n"; b.String() != want {
		t.Errorf("printed %q, want %q", b.String(), want)
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"anna 😀":           "anna 😀",
		"a\u202eb":         `a\u202eb`,
		"bell\a\x7f":       `bell\a\x7f`,
		"bad \xff byte":    `bad � byte`,
		"no\u00a0break":    "no\u00a0break",
		"C1 \u009b31m red": `C1 \u009b31m red`,
	} {
		if got := cli.Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

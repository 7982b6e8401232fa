package cli

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"
)

// Table is rows under a head; cells are never cut.
type Table struct {
	Head []string
	Rows [][]string
}

// Add appends a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// Write prints the columns aligned, two blanks between them; the head in bold
// where bold is set. An empty cell shows as a dash.
func (t *Table) Write(w io.Writer, bold bool) error {
	var b bytes.Buffer
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(cells []string) {
		for i, c := range cells {
			if c == "" {
				c = "-"
			}
			if i > 0 {
				fmt.Fprint(tw, "\t")
			}
			fmt.Fprint(tw, Clean(c))
		}
		fmt.Fprintln(tw)
	}
	line(t.Head)
	for _, r := range t.Rows {
		line(r)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	text := b.Bytes()
	if bold {
		head, rest, _ := bytes.Cut(text, []byte("\n"))
		text = append([]byte("\x1b[1m"+string(head)+"\x1b[0m\n"), rest...)
	}
	_, err := w.Write(text)
	return err
}

// Facts prints names and values below each other, the values aligned. An empty
// value is left out.
func Facts(w io.Writer, pairs [][2]string) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range pairs {
		if p[1] != "" {
			fmt.Fprintf(tw, "%s\t%s\n", Clean(p[0]), Clean(p[1]))
		}
	}
	return tw.Flush()
}

// Clean makes text safe to print on a terminal: what is no printable character
// is written as Go would in a string.
func Clean(s string) string {
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if !unprintable(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToGraphic(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

func unprintable(r rune) bool { return !unicode.IsGraphic(r) || r == unicode.ReplacementChar }

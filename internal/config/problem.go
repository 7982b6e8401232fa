package config

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in the configuration with its fix.
type Problem struct {
	Place   string // file:line, the variable or the flag; "" when nothing was said
	Setting string
	Text    string
	Fix     string
}

// Problems is the error of a refused configuration: all mistakes, in the order
// of Settings.
type Problems []Problem

// Unreadable says that the file could not be read at all: what else seems to be
// missing is probably in it.
func (p Problems) Unreadable() bool {
	return slices.ContainsFunc(p, func(one Problem) bool { return one.Setting == wholeFile })
}

// wholeFile stands for a setting where the file itself is wrong.
const wholeFile = "file"

func (p Problems) Error() string {
	var b strings.Builder
	for i, one := range p {
		if i > 0 {
			b.WriteByte('\n')
		}
		if one.Place != "" {
			fmt.Fprintf(&b, "%s: ", one.Place)
		}
		fmt.Fprintf(&b, "%s: %s\n  fix: %s", one.Setting, one.Text, one.Fix)
	}
	return b.String()
}

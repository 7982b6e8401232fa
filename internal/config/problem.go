package config

import (
	"fmt"
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

package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// describe lists the events that came before a cut, for whoever has to find
// out why.
func (rec *recording) describe(event, n int) string {
	var b strings.Builder
	for i := max(0, event-n); i <= event && i < len(rec.events); i++ {
		if line := describe(rec.events[i]); line != "" {
			fmt.Fprintf(&b, "%d %s\n", i, line)
		}
	}
	return b.String()
}

func describe(e event) string {
	f := &fields{e.call.args}
	what := "begins"
	if e.ends {
		what = fmt.Sprint("ends with ", e.call.ret)
	}
	switch e.call.name {
	case "write", "pwrite64", "ftruncate", "fsync", "fdatasync":
		path := f.fd()
		if path == "" {
			return ""
		}
		if strings.HasPrefix(f.s, answerBegins) {
			what += ", an answer"
		}
		where := ""
		if i := strings.LastIndex(f.s, `", `); i >= 0 {
			where = f.s[i+3:]
		}
		return fmt.Sprintf("%s %s %s %s", e.call.name, filepath.Base(path), where, what)
	case "mmap":
		return ""
	}
	return fmt.Sprintf("%s %s", e.call.name, what)
}

package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// call is one system call of a trace.
type call struct {
	name string
	args string // as printed when it began
	rest string // as printed when it ended: the result, and what it names
	ret  int64
}

// event is the beginning or the end of a call. The order of events is one in
// which the kernel may have done the calls: each happened between its two.
type event struct {
	call *call
	ends bool
}

// readTrace reads what strace -f -yy -xx wrote.
func readTrace(r io.Reader) ([]event, error) {
	lines := bufio.NewReaderSize(r, 1<<20)
	open := map[string]*call{} // by thread
	var events []event
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF && line == "" {
			return events, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the trace ends within a line: %w", err)
		}
		thread, text, ok := strings.Cut(line[:len(line)-1], " ")
		text = strings.TrimLeft(text, " ")
		switch {
		case !ok || strings.HasPrefix(text, "+++") || strings.HasPrefix(text, "---"):
		case strings.HasPrefix(text, "<... "):
			c := open[thread]
			if c == nil {
				return nil, fmt.Errorf("the end of no call: %.80s", line)
			}
			delete(open, thread)
			c.end(text)
			events = append(events, event{c, true})
		default:
			c, err := begin(text)
			if err != nil {
				return nil, err
			}
			events = append(events, event{c, false})
			if args, cut := strings.CutSuffix(c.args, " <unfinished ...>"); cut {
				c.args = args
				open[thread] = c
				break
			}
			c.end(text)
			events = append(events, event{c, true})
		}
	}
}

func begin(text string) (*call, error) {
	name, args, ok := strings.Cut(text, "(")
	if !ok {
		return nil, fmt.Errorf("not a call: %.80s", text)
	}
	return &call{name: strings.Clone(name), args: args, ret: -1}, nil
}

// end reads the result, which stands last: ") = 3</path>" or ") = -1 ENOENT (…)".
func (c *call) end(text string) {
	i := strings.LastIndex(text, " = ")
	if i < 0 {
		return
	}
	c.rest = strings.Clone(text[i+3:])
	number := c.rest
	if j := strings.IndexAny(number, " <"); j >= 0 {
		number = number[:j]
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		c.ret = n
	}
}

// fields reads the arguments of a call one by one.
type fields struct{ s string }

// fd reads a file descriptor and returns what it is open on.
func (f *fields) fd() string {
	_, rest, ok := strings.Cut(f.s, "<")
	if !ok {
		f.s = ""
		return ""
	}
	// A socket's name has an arrow in it, so the end is where the next argument
	// or the end of all arguments begins.
	end := len(rest)
	for _, stop := range []string{">, ", ">)"} {
		if i := strings.Index(rest, stop); i >= 0 {
			end = min(end, i)
		}
	}
	name := strings.TrimSuffix(rest[:end], ">") // of an unfinished call
	f.s = strings.TrimPrefix(rest[min(len(rest), end+1):], ", ")
	return unescape(name)
}

// text reads a string.
func (f *fields) text() ([]byte, error) {
	if !strings.HasPrefix(f.s, `"`) {
		return nil, fmt.Errorf("not a string: %.40s", f.s)
	}
	end := strings.IndexByte(f.s[1:], '"')
	if end < 0 || strings.HasPrefix(f.s[end+2:], "...") {
		return nil, fmt.Errorf("a string was cut short: %.40s", f.s)
	}
	raw := f.s[1 : end+1]
	f.s = strings.TrimPrefix(f.s[end+2:], ", ")
	return unhex(raw)
}

// number reads an integer.
func (f *fields) number() (int64, error) {
	end := strings.IndexAny(f.s, ",) ")
	if end < 0 {
		end = len(f.s)
	}
	raw := f.s[:end]
	f.s = strings.TrimPrefix(f.s[end:], ", ")
	return strconv.ParseInt(raw, 10, 64)
}

// unhex reads \x41\x42….
func unhex(s string) ([]byte, error) {
	if len(s)%4 != 0 {
		return nil, fmt.Errorf("not in hexadecimal: %.40s", s)
	}
	digits := make([]byte, 0, len(s)/2)
	for i := 0; i < len(s); i += 4 {
		digits = append(digits, s[i+2], s[i+3])
	}
	n, err := hex.Decode(digits, digits)
	return digits[:n], err
}

// unescape reads a name in which some or all bytes are escaped.
func unescape(s string) string {
	if !strings.Contains(s, `\x`) {
		return s
	}
	var b bytes.Buffer
	for i := 0; i < len(s); i++ {
		if n, err := strconv.ParseUint(s[min(len(s), i+2):min(len(s), i+4)], 16, 8); s[i] == '\\' && err == nil {
			b.WriteByte(byte(n))
			i += 3
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

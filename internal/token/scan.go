package token

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The limits of a JSON text inside a token.
const (
	maxDepth = 16
	// linearNames is how many member names of one object are compared one by
	// one; beyond it a set is kept, so that a hostile object stays linear.
	linearNames = 16
)

// scanner checks a JSON text by the letter of RFC 8259 without building
// values, and beyond it refuses duplicate members, lone surrogates, bytes that
// are not UTF-8, and nesting deeper than maxDepth. Two readers of a text it
// accepts cannot disagree about what it says.
type scanner struct {
	text  string
	at    int
	names []string // the member names of all objects open at the moment
}

// scanObject checks that text is one JSON object and nothing else, and calls
// visit with each member's name and the text of its value.
func scanObject(text string, visit func(name, value string) error) error {
	if !utf8.ValidString(text) {
		return malformed("not UTF-8")
	}
	var room [linearNames * 2]string
	s := scanner{text: text, names: room[:0]}
	s.blanks()
	if !s.take('{') {
		return malformed("not a JSON object")
	}
	if err := s.object(1, visit); err != nil {
		return err
	}
	return s.end()
}

// scanArray checks that text is one JSON array and calls visit with each item.
func scanArray(text string, visit func(item string) error) error {
	s := scanner{text: text}
	if !s.take('[') {
		return malformed("not a JSON array")
	}
	if err := s.array(1, visit); err != nil {
		return err
	}
	return s.end()
}

// validJSON says whether text is one strict JSON value nested at most depth deep.
func validJSON(text string, depth int) bool {
	if !utf8.ValidString(text) {
		return false
	}
	s := scanner{text: text}
	s.blanks()
	return s.value(maxDepth-depth) == nil && s.end() == nil
}

func (s *scanner) end() error {
	s.blanks()
	if s.at != len(s.text) {
		return malformed("bytes after the JSON value")
	}
	return nil
}

func (s *scanner) blanks() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) take(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// object reads members after the opening brace.
func (s *scanner) object(depth int, visit func(name, value string) error) error {
	if depth > maxDepth {
		return malformed("nested too deep")
	}
	base := len(s.names)
	var many map[string]struct{}
	s.blanks()
	if s.take('}') {
		return nil
	}
	for {
		s.blanks()
		name, err := s.name()
		if err != nil {
			return err
		}
		if many, err = s.remember(base, many, name); err != nil {
			return err
		}
		from := s.at
		if err := s.value(depth); err != nil {
			return err
		}
		if visit != nil {
			if err := visit(name, s.text[from:s.at]); err != nil {
				return err
			}
		}
		s.blanks()
		if s.take(',') {
			continue
		}
		if !s.take('}') {
			return malformed("an object is not closed")
		}
		s.names = s.names[:base]
		return nil
	}
}

// name reads a member's name and the colon, up to the first byte of the value.
func (s *scanner) name() (string, error) {
	if !s.take('"') {
		return "", malformed("a member has no name")
	}
	name, err := s.str()
	if err != nil {
		return "", err
	}
	s.blanks()
	if !s.take(':') {
		return "", malformed("a member has no colon")
	}
	s.blanks()
	return unquote(name), nil
}

// remember refuses a name that the object which began at base had already.
func (s *scanner) remember(base int, many map[string]struct{}, name string) (map[string]struct{}, error) {
	if many == nil {
		for _, n := range s.names[base:] {
			if n == name {
				return nil, malformed("a member is there twice")
			}
		}
		s.names = append(s.names, name)
		if len(s.names)-base <= linearNames {
			return nil, nil
		}
		many = make(map[string]struct{}, 4*linearNames)
		for _, n := range s.names[base:] {
			many[n] = struct{}{}
		}
		return many, nil
	}
	if _, twice := many[name]; twice {
		return nil, malformed("a member is there twice")
	}
	many[name] = struct{}{}
	return many, nil
}

// array reads items after the opening bracket.
func (s *scanner) array(depth int, visit func(item string) error) error {
	if depth > maxDepth {
		return malformed("nested too deep")
	}
	s.blanks()
	if s.take(']') {
		return nil
	}
	for {
		s.blanks()
		from := s.at
		if err := s.value(depth); err != nil {
			return err
		}
		if visit != nil {
			if err := visit(s.text[from:s.at]); err != nil {
				return err
			}
		}
		s.blanks()
		if s.take(',') {
			continue
		}
		if !s.take(']') {
			return malformed("an array is not closed")
		}
		return nil
	}
}

// value reads one value inside a container of the given depth.
func (s *scanner) value(depth int) error {
	if s.at >= len(s.text) {
		return malformed("a value is missing")
	}
	switch c := s.text[s.at]; {
	case c == '"':
		s.at++
		_, err := s.str()
		return err
	case c == '{':
		s.at++
		return s.object(depth+1, nil)
	case c == '[':
		s.at++
		return s.array(depth+1, nil)
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(s.text[s.at:], word) {
			s.at += len(word)
			return nil
		}
	}
	return malformed("not a JSON value")
}

// number reads -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?.
func (s *scanner) number() error {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return malformed("a number has no digits")
	}
	if s.take('.') && !s.digits() {
		return malformed("a number ends with a point")
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		if !s.digits() {
			return malformed("a number has an empty exponent")
		}
	}
	return nil
}

func (s *scanner) digits() bool {
	from := s.at
	for s.at < len(s.text) && s.text[s.at]-'0' <= 9 {
		s.at++
	}
	return s.at > from
}

// str reads a string after the opening quote and returns its text as written.
func (s *scanner) str() (string, error) {
	from := s.at
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return s.text[from : s.at-1], nil
		case c == '\\':
			if err := s.escape(); err != nil {
				return "", err
			}
		case c < ' ':
			return "", malformed("a control character in a string")
		default:
			s.at++
		}
	}
	return "", malformed("a string is not closed")
}

func (s *scanner) escape() error {
	if s.at+1 >= len(s.text) {
		return malformed("a string is not closed")
	}
	if s.text[s.at+1] != 'u' {
		if strings.IndexByte(`"\/bfnrt`, s.text[s.at+1]) < 0 {
			return malformed("an unknown escape in a string")
		}
		s.at += 2
		return nil
	}
	r, ok := hex4(s.text[s.at:])
	if !ok {
		return malformed("a bad \\u escape in a string")
	}
	s.at += 6
	if !utf16.IsSurrogate(r) {
		return nil
	}
	low, ok := hex4(s.text[s.at:])
	if !ok || utf16.DecodeRune(r, low) == utf8.RuneError {
		return malformed("a lone surrogate in a string")
	}
	s.at += 6
	return nil
}

// hex4 reads \uXXXX at the start of text.
func hex4(text string) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(text[2:6]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unquote resolves the escapes of a string that was checked before.
func unquote(text string) string {
	i := strings.IndexByte(text, '\\')
	if i < 0 {
		return text
	}
	out := append(make([]byte, 0, len(text)), text[:i]...)
	for i < len(text) {
		c := text[i]
		if c != '\\' {
			out = append(out, c)
			i++
			continue
		}
		if text[i+1] != 'u' {
			out = append(out, "\"\\/\b\f\n\r\t"[strings.IndexByte(`"\/bfnrt`, text[i+1])])
			i += 2
			continue
		}
		r, _ := hex4(text[i:])
		i += 6
		if utf16.IsSurrogate(r) {
			low, _ := hex4(text[i:])
			r = utf16.DecodeRune(r, low)
			i += 6
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}

package oauth

import "strings"

// MaxParameters is the largest number of parameters of a form.
const MaxParameters = 100

// nameBlanks may precede a parameter name: people break a pasted form body
// after each "&".
const nameBlanks = " \t\r\n"

// Form is a decoded application/x-www-form-urlencoded body or query. Names are
// without leading blanks; values are exactly what the sender encoded.
type Form struct {
	fields    []field
	duplicate string
	repeated  bool
}

type field struct {
	name, value string
	padded      bool
}

// ParseForm decodes a form body (WHATWG URL, section 5.1): pairs are divided by
// "&" alone, so a raw ";" is data; "+" is a space; percent escapes are decoded
// once. Leading space, tab, CR and LF are cut from names, never from values.
//
// It refuses with TooManyParameters above MaxParameters, before anything is
// decoded, and with BadForm, naming the field, at a malformed percent escape.
func ParseForm(body []byte) (*Form, error) {
	n := countPairs(body)
	if n > MaxParameters {
		return nil, Refuse(TooManyParameters)
	}
	f := &Form{fields: make([]field, 0, n)}
	rest := string(body)
	for rest != "" {
		var pair string
		pair, rest, _ = strings.Cut(rest, "&")
		if pair == "" {
			continue
		}
		if err := f.add(pair); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// NewForm makes a form of names and values in turn, for requests that did not
// arrive as one. Fields with an empty value are left out.
func NewForm(namesAndValues ...string) *Form {
	f := &Form{fields: make([]field, 0, len(namesAndValues)/2)}
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		if namesAndValues[i+1] != "" {
			f.fields = append(f.fields, field{name: namesAndValues[i], value: namesAndValues[i+1]})
		}
	}
	return f
}

// countPairs counts the non-empty pairs of body, and no further than one above
// the limit.
func countPairs(body []byte) int {
	n, start := 0, 0
	for i := 0; i <= len(body) && n <= MaxParameters; i++ {
		if i < len(body) && body[i] != '&' {
			continue
		}
		if i > start {
			n++
		}
		start = i + 1
	}
	return n
}

func (f *Form) add(pair string) error {
	rawName, rawValue, assigned := strings.Cut(pair, "=")
	name, ok := unescape(rawName)
	if !ok {
		return RefuseArg(BadForm, strings.TrimLeft(rawName, nameBlanks))
	}
	trimmed := strings.TrimLeft(name, nameBlanks)
	value, ok := unescape(rawValue)
	if !ok {
		return RefuseArg(BadForm, trimmed)
	}
	if trimmed == "" && !assigned {
		return nil // a line break after the last "&"
	}
	if !f.repeated && f.Has(trimmed) {
		f.repeated, f.duplicate = true, trimmed
	}
	f.fields = append(f.fields, field{name: trimmed, value: value, padded: len(trimmed) != len(name)})
	return nil
}

// Get returns the first value of name. Absent and empty are both "": RFC 6749
// section 3.2 has an empty value count as absent.
func (f *Form) Get(name string) string {
	for i := range f.fields {
		if f.fields[i].name == name {
			return f.fields[i].value
		}
	}
	return ""
}

// Has says whether name was sent, be it with an empty value.
func (f *Form) Has(name string) bool {
	for i := range f.fields {
		if f.fields[i].name == name {
			return true
		}
	}
	return false
}

// Len is the number of parameters sent.
func (f *Form) Len() int { return len(f.fields) }

// Duplicate returns the first name that was sent twice.
func (f *Form) Duplicate() (name string, ok bool) { return f.duplicate, f.repeated }

// Longest returns the name and the length in bytes of the longest value.
func (f *Form) Longest() (name string, length int) {
	for i := range f.fields {
		if n := len(f.fields[i].value); n > length {
			name, length = f.fields[i].name, n
		}
	}
	return name, length
}

// Padded returns the names that had leading blanks, in order.
func (f *Form) Padded() []string {
	var names []string
	for i := range f.fields {
		if f.fields[i].padded {
			names = append(names, f.fields[i].name)
		}
	}
	return names
}

// unescape undoes one layer of form encoding; ok is false at a malformed
// percent escape. Without any escape it returns s itself.
func unescape(s string) (out string, ok bool) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, true
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '+':
			b.WriteByte(' ')
		case '%':
			if i+2 >= len(s) {
				return "", false
			}
			hi, lo := unhex(s[i+1]), unhex(s[i+2])
			if hi > 15 || lo > 15 {
				return "", false
			}
			b.WriteByte(hi<<4 | lo)
			i += 2
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), true
}

// unhex returns the value of a hexadecimal digit, above 15 for anything else.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	default:
		return 0xff
	}
}

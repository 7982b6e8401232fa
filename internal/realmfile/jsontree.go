package realmfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Limits of a realm file. A larger file is refused before it costs memory.
const (
	MaxBytes  = 64 << 20
	maxDepth  = 32
	maxValues = 4_000_000
)

// node is one JSON value with its place in the file. Kind is the first byte
// of the value's class: '{', '[', '"', '0' (number), 't' (boolean), 'n' (null).
type node struct {
	kind    byte
	at, end uint32 // byte offsets in the file
	text    string // a string's value, a number's or boolean's text
	kids    []member
}

// member is an element of an object (name set) or of an array.
type member struct {
	name  string
	at    uint32 // of the name; of the value in an array
	value node
}

// placed is a fault at a byte offset, before line and column are known.
type placed struct {
	at   int
	text string
}

func (p *placed) Error() string { return p.text }

// parseTree reads data into a tree. The error is a *placed.
func parseTree(data []byte) (node, error) {
	if err := checkText(data); err != nil {
		return node{}, err
	}
	return readTree(data, maxValues)
}

func readTree(data []byte, limit int) (node, error) {
	t := &treeReader{data: data, dec: json.NewDecoder(bytes.NewReader(data)), limit: limit}
	t.dec.UseNumber()
	return t.value(0)
}

// checkText finds what the token reader would repair or report without place:
// too much, foreign encodings, bad syntax, a second document.
func checkText(data []byte) error {
	if len(data) > MaxBytes {
		return &placed{0, fmt.Sprintf("the file is larger than %d MiB", MaxBytes>>20)}
	}
	if !utf8.Valid(data) {
		at := 0
		for at < len(data) {
			r, n := utf8.DecodeRune(data[at:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			at += n
		}
		return &placed{at, "the file is not UTF-8 text"}
	}
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return &placed{max(0, int(syntax.Offset)-1), "not JSON: " + syntax.Error()}
	}
	if err != nil {
		return &placed{0, "not JSON: " + err.Error()}
	}
	return nil
}

type treeReader struct {
	data   []byte
	dec    *json.Decoder
	values int
	limit  int // of values
}

// next reads one token and the offset of its first byte.
func (t *treeReader) next() (json.Token, int, error) {
	at := int(t.dec.InputOffset())
	for at < len(t.data) && bytes.IndexByte([]byte(" \t\r\n,:"), t.data[at]) >= 0 {
		at++
	}
	tok, err := t.dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, at, &placed{at, "not JSON: " + err.Error()}
	}
	return tok, at, nil
}

func (t *treeReader) value(depth int) (node, error) {
	tok, at, err := t.next()
	if err != nil {
		return node{}, err
	}
	if t.values++; t.values > t.limit {
		return node{}, &placed{at, fmt.Sprintf("the file holds more than %d values", t.limit)}
	}
	n := node{at: uint32(at)}
	switch v := tok.(type) {
	case json.Delim:
		if depth >= maxDepth {
			return node{}, &placed{at, fmt.Sprintf("nested deeper than %d levels", maxDepth)}
		}
		n.kind = byte(v)
		if err := t.inside(&n, depth+1); err != nil {
			return node{}, err
		}
	case string:
		n.kind, n.text = '"', v
	case json.Number:
		n.kind, n.text = '0', v.String()
	case bool:
		n.kind, n.text = 't', fmt.Sprint(v)
	default:
		n.kind = 'n'
	}
	n.end = uint32(t.dec.InputOffset())
	return n, nil
}

// inside reads the members of an object or array and its closing bracket.
func (t *treeReader) inside(n *node, depth int) error {
	var seen map[string]bool
	if n.kind == '{' {
		seen = map[string]bool{}
	}
	for t.dec.More() {
		var m member
		if n.kind == '{' {
			tok, at, err := t.next()
			if err != nil {
				return err
			}
			m.name, m.at = tok.(string), uint32(at)
			if seen[m.name] {
				return &placed{at, fmt.Sprintf("the member %q is there twice", m.name)}
			}
			seen[m.name] = true
		}
		v, err := t.value(depth)
		if err != nil {
			return err
		}
		m.value = v
		if n.kind == '[' {
			m.at = v.at
		}
		n.kids = append(n.kids, m)
	}
	_, _, err := t.next()
	return err
}

package realmfile

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// object reads one JSON object member by member and remembers which members
// were asked for, so that the rest can be kept and named. Scalars are coerced
// as Keycloak's reader does ("true" for true, "5" for 5); null is absence.
type object struct {
	notes  *notes
	node   *node
	parent *object
	label  string // how the parent calls it: `clients[3]`
	wild   string // the same with [*], for warnings
	used   map[string]bool
}

func root(n *notes, v *node, label string) *object {
	return &object{notes: n, node: v, label: label, wild: label, used: map[string]bool{}}
}

func (o *object) path(name string) string { return o.join(name, false) }

func (o *object) join(name string, wild bool) string {
	var parts []string
	if name != "" {
		parts = append(parts, name)
	}
	for p := o; p != nil; p = p.parent {
		label := p.label
		if wild {
			label = p.wild
		}
		if label != "" {
			parts = append(parts, label)
		}
	}
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, ".")
}

// fault blames the value of a member, or the object itself when there is none.
func (o *object) fault(name, text string) {
	at := int(o.node.at)
	if m := o.find(name); m != nil {
		at = int(m.value.at)
	}
	o.notes.fault(at, o.path(name), text)
}

// faultAt is a fault of a member that may be found later, without its text.
func (o *object) faultAt(name string) Fault {
	at := int(o.node.at)
	if m := o.find(name); m != nil {
		at = int(m.value.at)
	}
	return Fault{File: o.notes.file, Line: o.notes.line(at), Column: o.notes.column(at), Path: o.path(name)}
}

// place is file, line, column and path of a member, as a fault would name it.
func (o *object) place(name string) string {
	at := int(o.node.at)
	if m := o.find(name); m != nil {
		at = int(m.value.at)
	}
	return o.notes.place(at) + ": " + o.path(name)
}

func (o *object) warn(name, reason string) {
	at := int(o.node.at)
	if m := o.find(name); m != nil {
		at = int(m.at)
	}
	o.notes.warn(at, o.join(name, true), reason)
}

// keepsOut is a warning that a user cannot log in.
func (o *object) keepsOut(name, user, reason string) {
	at := int(o.node.at)
	if m := o.find(name); m != nil {
		at = int(m.at)
	}
	w := o.notes.warn(at, o.join(name, true), reason)
	w.KeepsOut = true
	w.name(user)
}

// warnOf is a warning about something that has a name, one of many perhaps.
func (o *object) warnOf(name, of, reason string) {
	at := int(o.node.at)
	if m := o.find(name); m != nil {
		at = int(m.at)
	}
	o.notes.warn(at, o.join(name, true), reason).name(of)
}

func (o *object) find(name string) *member {
	for i := range o.node.kids {
		if o.node.kids[i].name == name {
			return &o.node.kids[i]
		}
	}
	return nil
}

// get marks a member as read; nil when it is absent or null.
func (o *object) get(name string) *node {
	o.used[name] = true
	if m := o.find(name); m != nil && m.value.kind != 'n' {
		return &m.value
	}
	return nil
}

func (o *object) has(name string) bool {
	m := o.find(name)
	return m != nil && m.value.kind != 'n'
}

func scalar(v *node) bool { return v.kind == '"' || v.kind == '0' || v.kind == 't' }

func (o *object) str(name, absent string) string {
	v := o.get(name)
	if v == nil {
		return absent
	}
	if !scalar(v) {
		o.fault(name, "must be a string")
		return absent
	}
	return v.text
}

func (o *object) boolean(name string, absent bool) bool {
	v := o.get(name)
	if v == nil {
		return absent
	}
	switch {
	case scalar(v) && v.text == "true":
		return true
	case scalar(v) && v.text == "false":
		return false
	}
	o.fault(name, "must be true or false")
	return absent
}

// integer reads a whole number from low to high.
func (o *object) integer(name string, absent, low, high int64) int64 {
	v := o.get(name)
	if v == nil {
		return absent
	}
	if !scalar(v) {
		o.fault(name, "must be a whole number")
		return absent
	}
	i, err := strconv.ParseInt(v.text, 10, 64)
	if err != nil {
		o.fault(name, "must be a whole number")
		return absent
	}
	if i < low || i > high {
		o.fault(name, "must be from "+strconv.FormatInt(low, 10)+" to "+strconv.FormatInt(high, 10))
		return absent
	}
	return i
}

// texts reads a list of strings; a single string is a list of one.
func (o *object) texts(name string) []string {
	v := o.get(name)
	if v == nil {
		return nil
	}
	out, ok := textList(v)
	if !ok {
		o.fault(name, "must be a list of strings")
	}
	return out
}

func textList(v *node) ([]string, bool) {
	if scalar(v) {
		return []string{v.text}, true
	}
	if v.kind != '[' {
		return nil, false
	}
	out := make([]string, 0, len(v.kids))
	for i := range v.kids {
		k := &v.kids[i].value
		if k.kind == 'n' {
			continue
		}
		if !scalar(k) {
			return nil, false
		}
		out = append(out, k.text)
	}
	return out, true
}

// textMap reads an object of strings.
func (o *object) textMap(name string) map[string]string {
	v := o.get(name)
	if v == nil {
		return nil
	}
	if v.kind != '{' {
		o.fault(name, "must be an object of strings")
		return nil
	}
	out := make(map[string]string, len(v.kids))
	for i := range v.kids {
		k := &v.kids[i]
		switch {
		case k.value.kind == 'n':
		case scalar(&k.value):
			out[k.name] = k.value.text
		default:
			o.notes.fault(int(k.value.at), o.path(name)+"."+k.name, "must be a string")
		}
	}
	return out
}

// textsMap reads an object of lists of strings.
func (o *object) textsMap(name string) map[string][]string {
	v := o.get(name)
	if v == nil {
		return nil
	}
	if v.kind != '{' {
		o.fault(name, "must be an object of lists of strings")
		return nil
	}
	out := make(map[string][]string, len(v.kids))
	for i := range v.kids {
		k := &v.kids[i]
		if k.value.kind == 'n' {
			continue
		}
		list, ok := textList(&k.value)
		if !ok {
			o.notes.fault(int(k.value.at), o.path(name)+"."+k.name, "must be a list of strings")
			continue
		}
		out[k.name] = list
	}
	return out
}

// child opens a member that is an object.
func (o *object) child(name string) (*object, bool) {
	v := o.get(name)
	if v == nil {
		return nil, false
	}
	if v.kind != '{' {
		o.fault(name, "must be an object")
		return nil, false
	}
	return &object{notes: o.notes, node: v, parent: o, label: name, wild: name, used: map[string]bool{}}, true
}

// list opens a member that is a list of objects.
func (o *object) list(name string) []*object {
	v := o.get(name)
	if v == nil {
		return nil
	}
	if v.kind != '[' {
		o.fault(name, "must be a list")
		return nil
	}
	out := make([]*object, 0, len(v.kids))
	for i := range v.kids {
		k := &v.kids[i].value
		label := name + "[" + strconv.Itoa(i) + "]"
		if k.kind != '{' {
			o.notes.fault(int(k.at), o.path(label), "must be an object")
			continue
		}
		out = append(out, &object{notes: o.notes, node: k, parent: o, label: label, wild: name + "[*]", used: map[string]bool{}})
	}
	return out
}

// lists opens a member that is an object of lists of objects.
func (o *object) lists(name string, each func(key string, list []*object)) {
	c, ok := o.child(name)
	if !ok {
		return
	}
	for i := range c.node.kids {
		key := c.node.kids[i].name
		each(key, c.list(key))
	}
}

// raw is the member's text without needless blanks.
func (o *object) raw(v *node) json.RawMessage {
	var b bytes.Buffer
	if err := json.Compact(&b, o.notes.data[v.at:v.end]); err != nil {
		return json.RawMessage("null") // cannot be: the file was parsed
	}
	return b.Bytes()
}

// rest collects the members nobody asked for. Those that say something are
// named: known ones as not used yet, others as unknown.
func (o *object) rest(known map[string]bool) map[string]json.RawMessage {
	var kept map[string]json.RawMessage
	for i := range o.node.kids {
		m := &o.node.kids[i]
		if o.used[m.name] || m.value.kind == 'n' {
			continue
		}
		if kept == nil {
			kept = map[string]json.RawMessage{}
		}
		kept[m.name] = o.raw(&m.value)
		switch {
		case guessingMembers[m.name] && o.parent == nil:
		case !known[m.name]:
			o.warn(m.name, "unknown member, kept but not used"+didYouMean(m.name, o.used, known))
		case says(&m.value) && !inertRealm[m.name]:
			o.warn(m.name, notUsed)
		}
	}
	return kept
}

const notUsed = "kept, but not used by this release"

// says tells a value that carries something from an empty or switched-off one.
func says(v *node) bool {
	switch v.kind {
	case '{', '[':
		return len(v.kids) > 0
	case '"':
		return v.text != ""
	case 't':
		return v.text == "true"
	case '0':
		return v.text != "0" && v.text != "-1"
	}
	return false
}

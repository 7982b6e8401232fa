package token

// tree holds what mappers produced: claims in the order they were set, nested
// by name. All values lie in one arena as finished JSON.
type tree struct {
	arena []byte
	top   []node
}

// node is a claim: an object when sub is not nil, else arena[from:to].
type node struct {
	name     string
	from, to int
	sub      []node
}

// set makes arena[from:] the value at a path; client replaces ${client_id}.
// The last one to set a claim wins, and keeps its place.
func (t *tree) set(path []string, client string, from int) {
	level := &t.top
	for i, name := range path {
		if name == clientInPath && client != "" {
			name = client
		}
		n := child(level, name)
		if i == len(path)-1 {
			*n = node{name: n.name, from: from, to: len(t.arena)}
			return
		}
		if n.sub == nil {
			n.sub = make([]node, 0, 2)
		}
		level = &n.sub
	}
}

func child(level *[]node, name string) *node {
	for i := range *level {
		if (*level)[i].name == name {
			return &(*level)[i]
		}
	}
	*level = append(*level, node{name: name})
	return &(*level)[len(*level)-1]
}

// text sets a string claim.
func (t *tree) text(path []string, value string) {
	from := len(t.arena)
	t.arena = appendString(t.arena, value)
	t.set(path, "", from)
}

// write appends the claim called name, if it is there.
func (t *tree) write(p *payload, name string) {
	for i := range t.top {
		if t.top[i].name == name {
			p.member(name)
			p.b = t.append(p.b, &t.top[i])
		}
	}
}

// writeOthers appends all claims but the ones that have their own place.
func (t *tree) writeOthers(p *payload) {
	for i := range t.top {
		switch n := &t.top[i]; n.name {
		case claimOrigins, claimRealmAccess, claimResourceAccess:
		default:
			p.member(n.name)
			p.b = t.append(p.b, n)
		}
	}
}

func (t *tree) append(b []byte, n *node) []byte {
	if n.sub == nil {
		return append(b, t.arena[n.from:n.to]...)
	}
	b = append(b, '{')
	for i := range n.sub {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, n.sub[i].name), ':')
		b = t.append(b, &n.sub[i])
	}
	return append(b, '}')
}

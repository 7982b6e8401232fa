package people

import (
	"bytes"
	"fmt"
	"net/url"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// line is one kept connection to the server, made when it is needed.
type line struct {
	world *World
	admin bool
	from  string

	conn *rig.Conn
	seq  int
}

// answer is what came back for one request.
type answer struct {
	status    int
	body      []byte
	err       error // no answer; the server is gone
	call, ret int64 // Unix ns; ret is 0 when the outcome is open
	by        string
	seq       int
}

// open says that nobody knows what became of the request.
func (a answer) open() bool { return a.err != nil || a.status == 503 || a.status == 429 }

// OK is a success without an error in its body, which RFC 7009 allows.
func (a answer) ok() bool { return a.status/100 == 2 && !bytes.Contains(a.body, []byte(`"error"`)) }

func (l *line) send(q rig.Request) (a answer) {
	a.call = l.world.Now()
	if a.err = l.dial(); a.err == nil {
		q.From = l.from
		l.seq++
		a.by, a.seq = fmt.Sprintf("%d:%s", l.world.Era, l.conn.Name()), l.seq
		var body []byte
		a.status, body, a.err = l.conn.Do(q)
		a.body = bytes.Clone(body)
	}
	switch {
	case a.err != nil:
		l.drop()
		l.world.unknown.Add(1)
	case a.open():
		l.world.busy.Add(1)
	default:
		a.ret = l.world.Now()
	}
	return a
}

func (l *line) dial() (err error) {
	switch {
	case l.conn != nil:
	case l.admin:
		l.conn, err = rig.DialUnix(l.world.Admin)
		l.seq = 0
	default:
		l.conn, err = rig.Dial(l.world.Address)
		l.seq = 0
	}
	return err
}

func (l *line) drop() {
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
}

// post sends a form to an endpoint of a realm; pairs are names and values.
func (l *line) post(realm, endpoint, client string, pairs ...string) answer {
	form := url.Values{"client_id": {client}}
	if client != public {
		form.Set("client_secret", secret)
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return l.send(rig.Request{Method: "POST", Path: protocol(realm, endpoint), Form: form.Encode()})
}

// get calls with an access token.
func (l *line) get(path, access string) answer {
	return l.send(rig.Request{Method: "GET", Path: path, Authorization: access})
}

func protocol(realm, endpoint string) string {
	return fmt.Sprintf("/auth/realms/%s/protocol/openid-connect/%s", realm, endpoint)
}

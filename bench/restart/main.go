package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

func main() {
	restarts := flag.Int("restarts", 20, "how many restarts")
	rate := flag.Int("rate", 200, "requests a second")
	flag.Parse()
	sent, failed, err := run(context.Background(), *restarts, *rate)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Printf("restart: %d restarts, %d requests, %d failed\n", *restarts, sent, failed)
	if failed > 0 || sent == 0 {
		os.Exit(1)
	}
}

func run(ctx context.Context, restarts, rate int) (sent, failed int64, err error) {
	dir, err := os.MkdirTemp("", "usher-restart-")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(dir)
	binary, err := rig.Build(ctx, dir)
	if err != nil {
		return 0, 0, err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return 0, 0, err
	}
	file := filepath.Join(dir, "realms.json")
	if err := rig.WriteRealms(file, 32, key); err != nil {
		return 0, 0, err
	}
	p := &proxy{}
	front := httptest.NewServer(p)
	defer front.Close()
	for i := range p.nodes {
		n := &p.nodes[i]
		n.options = rig.Options{Dir: filepath.Join(dir, fmt.Sprint("node", i)), RealmFile: file, PublicURL: front.URL}
		if err := os.Mkdir(n.options.Dir, 0o700); err != nil {
			return 0, 0, err
		}
		if n.options.Address, err = rig.FreeAddress(); err != nil {
			return 0, 0, err
		}
		if n.options.Management, err = rig.FreeAddress(); err != nil {
			return 0, 0, err
		}
		if err := n.start(ctx, binary); err != nil {
			return 0, 0, err
		}
		defer func() { n.server.Kill() }()
	}
	stop := p.watch()
	defer stop()
	load := newLoad(front.Listener.Addr().String())
	if err := load.login(); err != nil {
		return 0, 0, err
	}
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() { load.run(rate, done) })
	for i := range restarts {
		n := &p.nodes[i%len(p.nodes)]
		if err = n.server.Stop(); err != nil {
			break
		}
		if err = n.start(ctx, binary); err != nil {
			break
		}
	}
	close(done)
	group.Wait()
	return load.sent.Load(), load.failed.Load(), err
}

// node is one server behind the proxy.
type node struct {
	options rig.Options
	server  *rig.Server
	ready   atomic.Bool
}

// start runs the server and waits until it says that it is ready.
func (n *node) start(ctx context.Context, binary string) (err error) {
	if n.server, err = rig.StartUsher(ctx, binary, n.options); err != nil {
		return err
	}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if n.ask() {
			n.ready.Store(true)
			return nil
		}
	}
	return fmt.Errorf("not ready after 30 s:\n%s", n.server.Talk)
}

func (n *node) ask() bool {
	answer, err := http.Get("http://" + n.options.Management + "/health/ready")
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// proxy sends each request to a ready node, once. A connection is used for one
// request, since net/http repeats requests on kept connections that break.
type proxy struct {
	nodes [2]node
	turn  atomic.Int64
	once  http.Transport
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for range p.nodes {
		n := &p.nodes[int(p.turn.Add(1))%len(p.nodes)]
		if n.ready.Load() {
			p.pass(w, r, n)
			return
		}
	}
	http.Error(w, "no node is ready", http.StatusBadGateway)
}

func (p *proxy) pass(w http.ResponseWriter, r *http.Request, n *node) {
	q := r.Clone(r.Context())
	q.URL.Scheme, q.URL.Host, q.RequestURI, q.Close = "http", n.options.Address, "", true
	answer, err := p.once.RoundTrip(q)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	body := make([]byte, answer.ContentLength)
	for read := 0; read < len(body); {
		n, err := answer.Body.Read(body[read:])
		read += n
		if err != nil && read < len(body) {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(body) // a lost client counts as failed at the client
}

// watch asks every node for its readiness ten times a second.
func (p *proxy) watch() (stop func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				for i := range p.nodes {
					p.nodes[i].ready.Store(p.nodes[i].ask())
				}
			}
		}
	}()
	return func() { close(done) }
}

// load sends logins, discovery and API requests in turn at a fixed rate.
type load struct {
	address      string
	token        string
	sent, failed atomic.Int64
}

func newLoad(address string) *load { return &load{address: address} }

func (l *load) login() error {
	c, err := rig.Dial(l.address)
	if err != nil {
		return err
	}
	defer c.Close()
	status, body, err := c.Do(rig.PasswordGrant("platform", rig.UserName(0)))
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("login: %d %w %s", status, err, body)
	}
	var answer struct {
		Access string `json:"access_token"`
	}
	err = json.Unmarshal(body, &answer)
	l.token = answer.Access
	return err
}

func (l *load) run(rate int, done <-chan struct{}) {
	var group sync.WaitGroup
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-done:
			group.Wait()
			return
		case <-tick.C:
			group.Go(func() { l.one(n) })
		}
	}
}

func (l *load) one(n int) {
	q := rig.Request{Method: "GET", Path: "/v1/vms", Authorization: l.token}
	switch n % 10 {
	case 0:
		q = rig.PasswordGrant("platform", rig.UserName(n/10%32))
	case 1:
		q = rig.Request{Method: "GET", Path: "/auth/realms/platform/.well-known/openid-configuration"}
	}
	l.sent.Add(1)
	c, err := rig.Dial(l.address)
	if err == nil {
		defer c.Close()
		var status int
		var body []byte
		if status, body, err = c.Do(q); err == nil && status != http.StatusOK {
			err = fmt.Errorf("status %d: %.200s", status, body)
		}
	}
	if err != nil {
		l.failed.Add(1)
		fmt.Fprintf(os.Stderr, "%s %s: %v\n", q.Method, q.Path, err)
	}
}

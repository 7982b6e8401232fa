package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"github.com/seed-a6a28e10/usher/bench/rig"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// workers is how many connections drive a server: enough to keep both cores busy
// whatever a request waits for.
const workers = 64

// measurement is one line of the table: what, its bound, how.
type measurement struct {
	name, what string
	bound      float64 // of the ratio; 0: printed only
	run        func(ctx context.Context, b *bench, d time.Duration) (result, error)
	// life, instead of run, starts servers of its own and prints its own lines.
	life func(ctx context.Context, p plan) (int, error)
}

type result struct {
	limit, usher, ratio float64
	note                string
	broken              string // a bound besides the ratio that does not hold
}

func measurements() []measurement {
	return []measurement{
		{name: "refresh-rs256", what: "refresh with openid, RS256, reusable", bound: 0.92, run: refreshRow("platform", "/rs256")},
		{name: "refresh-rs256-rotating", what: "refresh with openid, RS256, rotating", bound: 0, run: refreshRow("rs-rotating", "/rs256")},
		{name: "refresh-es256", what: "refresh with openid, ES256, reusable", bound: 0.65, run: refreshRow("es-reusable", "/es256")},
		{name: "refresh-es256-rotating", what: "refresh with openid, ES256, rotating", bound: 0.40, run: refreshRow("es-rotating", "/es256")},
		{name: "password-first", what: "password grant, first login of each user", bound: 0.95, run: passwordFirst},
		{name: "storm", what: "refresh at 200/s open loop in a login storm, p99", bound: 0, run: storm},
		{name: "password-again-one", what: "password grant, repeated, one user (limit: refresh)", bound: 0.90, run: passwordAgain(1)},
		{name: "password-again-many", what: "password grant, repeated, 1,000 users (limit: refresh)", bound: 0.90, run: passwordAgain(1000)},
		{name: "vms-seen", what: "GET /v1/vms, token seen before", bound: 0.80, run: vmsSeen},
		{name: "vms-first", what: "GET /v1/vms, first sight of each token", bound: 0.75, run: vmsFirst},
		{name: "discovery", what: "discovery document", bound: 0, run: discovery},
		{name: "refuse", what: "refusing oversized forms", bound: 0, run: refuse},
	}
}

// alternate runs slices of the limit and of usher in turn for d in all, and
// takes the median of each and of the ratios of neighbours.
func alternate(d time.Duration, limit, usher func(slice time.Duration) (float64, error)) (result, error) {
	slice := min(d/6, 2*time.Second)
	var ls, us, ratios []float64
	for spent := time.Duration(0); spent+2*slice <= d; spent += 2 * slice {
		l, err := limit(slice)
		if err != nil {
			return result{}, fmt.Errorf("limit: %w", err)
		}
		u, err := usher(slice)
		if err != nil {
			return result{}, fmt.Errorf("usher: %w", err)
		}
		ls, us, ratios = append(ls, l), append(us, u), append(ratios, u/l)
	}
	return result{limit: median(ls), usher: median(us), ratio: median(ratios)}, nil
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

func rateOf(ctx context.Context, address string, j job) func(time.Duration) (float64, error) {
	return func(slice time.Duration) (float64, error) {
		t, err := closedLoop(ctx, address, workers, slice, j)
		return t.rate(), err
	}
}

// answer is what the measurements read of a token answer.
type answer struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
}

func ask(address string, q rig.Request) (answer, []byte, error) {
	c, err := rig.Dial(address)
	if err != nil {
		return answer{}, nil, err
	}
	defer c.Close()
	status, body, err := c.Do(q)
	if err != nil {
		return answer{}, nil, err
	}
	if status != 200 {
		return answer{}, nil, fmt.Errorf("status %d: %s", status, body)
	}
	var a answer
	return a, body, json.Unmarshal(body, &a)
}

// holders logs in one session per worker and returns a job that refreshes them.
func holders(address, realm string) (job, error) {
	tokens := make([]string, workers)
	for w := range tokens {
		a, _, err := ask(address, rig.PasswordGrant(realm, rig.UserName(w)))
		if err != nil {
			return job{}, err
		}
		tokens[w] = a.Refresh
	}
	return job{
		next: func(w, _ int) rig.Request { return rig.RefreshGrant(realm, tokens[w]) },
		taken: func(w, status int, body []byte) error {
			if status != 200 {
				return fmt.Errorf("status %d: %.300s", status, body)
			}
			_, rest, ok := bytes.Cut(body, []byte(`"refresh_token":"`))
			end := bytes.IndexByte(rest, '"')
			if !ok || end < 0 {
				return fmt.Errorf("no refresh token in %.300s", body)
			}
			tokens[w] = string(rest[:end])
			return nil
		},
	}, nil
}

func refreshRow(realm, limitPath string) func(context.Context, *bench, time.Duration) (result, error) {
	return func(ctx context.Context, b *bench, d time.Duration) (result, error) {
		a, body, err := ask(b.usher.Address, rig.PasswordGrant(realm, rig.UserName(0)))
		if err != nil {
			return result{}, err
		}
		if err := b.teach(ctx, rig.PasswordGrant(realm, rig.UserName(0))); err != nil {
			return result{}, err
		}
		shape, err := json.Marshal(answerShape{Access: a.Access, ID: a.ID, Refresh: a.Refresh, Body: string(body)})
		if err != nil {
			return result{}, err
		}
		if _, err := tell(ctx, b.limit, "/shape", shape); err != nil {
			return result{}, err
		}
		j, err := holders(b.usher.Address, realm)
		if err != nil {
			return result{}, err
		}
		q := rig.RefreshGrant(realm, a.Refresh)
		q.Path = limitPath
		r, err := alternate(d, rateOf(ctx, b.limit.Address, job{next: func(int, int) rig.Request { return q }}), rateOf(ctx, b.usher.Address, j))
		if err == nil && limitPath == "/rs256" {
			signs, err := tell(ctx, b.limit, "/signs?for="+(d/10).String(), nil)
			if err != nil {
				return r, err
			}
			r.note = fmt.Sprintf("bare signing loop: %.0f signatures/s", signs)
		}
		return r, err
	}
}

func passwordFirst(ctx context.Context, b *bench, d time.Duration) (result, error) {
	j := job{next: func(int, int) rig.Request {
		n := int(b.fresh.Add(1))
		if n >= b.users {
			return rig.Request{}
		}
		return rig.PasswordGrant("platform", rig.UserName(n))
	}}
	hashes := func(slice time.Duration) (float64, error) {
		return tell(ctx, b.limit, "/hashes?for="+slice.String(), nil)
	}
	return alternate(d, hashes, rateOf(ctx, b.usher.Address, j))
}

// storm offers ten times as many logins as can be hashed and looks at what
// refreshes at 200/s feel of it.
func storm(ctx context.Context, b *bench, d time.Duration) (result, error) {
	capacity, err := tell(ctx, b.limit, "/hashes?for=1s", nil)
	if err != nil {
		return result{}, err
	}
	refresh, err := holders(b.usher.Address, "platform")
	if err != nil {
		return result{}, err
	}
	var (
		mu     sync.Mutex
		served int
	)
	logins := job{
		next: func(int, int) rig.Request {
			return rig.PasswordGrant("platform", rig.UserName(int(b.fresh.Add(1))%b.users))
		},
		taken: func(_, status int, body []byte) error {
			mu.Lock()
			defer mu.Unlock()
			switch status {
			case 200:
				served++
			case 503:
			default:
				return fmt.Errorf("status %d: %.300s", status, body)
			}
			return nil
		},
	}
	var group sync.WaitGroup
	var stormErr error
	group.Go(func() { _, _, stormErr = openLoop(ctx, b.usher.Address, int(10*capacity), d, 256, logins) })
	t, other, err := openLoop(ctx, b.usher.Address, 200, d, workers, refresh)
	group.Wait()
	if err == nil {
		err = stormErr
	}
	r := result{limit: 25, usher: float64(t.quantile(0.99).Microseconds()) / 1000}
	r.note = fmt.Sprintf("ms; %d logins served of %.0f hashes possible; refreshes refused: %d", served, capacity*d.Seconds(), other)
	if r.usher > 25/b.slack {
		r.broken = "refresh p99 above 25 ms"
	}
	if other > 0 {
		r.broken = "a refresh was refused"
	}
	return r, err
}

func passwordAgain(users int) func(context.Context, *bench, time.Duration) (result, error) {
	return func(ctx context.Context, b *bench, d time.Duration) (result, error) {
		var n atomic.Int64
		warm := job{next: func(int, int) rig.Request {
			i := int(n.Add(1)) - 1
			if i >= users {
				return rig.Request{}
			}
			return rig.PasswordGrant("platform", rig.UserName(i))
		}}
		if _, err := closedLoop(ctx, b.usher.Address, 8, 10*time.Minute, warm); err != nil {
			return result{}, err
		}
		refresh, err := holders(b.usher.Address, "platform")
		if err != nil {
			return result{}, err
		}
		again := job{next: func(int, int) rig.Request { return rig.PasswordGrant("platform", rig.UserName(int(n.Add(1))%users)) }}
		return alternate(d, rateOf(ctx, b.usher.Address, refresh), rateOf(ctx, b.usher.Address, again))
	}
}

func vmsSeen(ctx context.Context, b *bench, d time.Duration) (result, error) {
	a, _, err := ask(b.usher.Address, rig.PasswordGrant("platform", rig.UserName(0)))
	if err != nil {
		return result{}, err
	}
	return get(ctx, b, d, rig.Request{Method: "GET", Path: "/v1/vms", Authorization: a.Access}, "/bare")
}

func discovery(ctx context.Context, b *bench, d time.Duration) (result, error) {
	return get(ctx, b, d, rig.Request{Method: "GET", Path: "/auth/realms/platform/.well-known/openid-configuration"}, "/bare")
}

func get(ctx context.Context, b *bench, d time.Duration, q rig.Request, limitPath string) (result, error) {
	if err := b.teach(ctx, q); err != nil {
		return result{}, err
	}
	l := q
	l.Path = limitPath
	return alternate(d, rateOf(ctx, b.limit.Address, job{next: func(int, int) rig.Request { return l }}),
		rateOf(ctx, b.usher.Address, job{next: func(int, int) rig.Request { return q }}))
}

// teach has the limit send what usher sends for q.
func (b *bench) teach(ctx context.Context, q rig.Request) error {
	c, err := rig.Dial(b.usher.Address)
	if err != nil {
		return err
	}
	defer c.Close()
	c.Header = http.Header{}
	status, body, err := c.Do(q)
	if err != nil || status != 200 {
		return fmt.Errorf("%s: status %d %w %s", q.Path, status, err, body)
	}
	return b.show(ctx, c.Header, body)
}

// show has the limit send that header and body.
func (b *bench) show(ctx context.Context, header http.Header, body []byte) error {
	for _, own := range []string{"Date", "Content-Length", "Connection"} {
		header.Del(own)
	}
	page, err := json.Marshal(page{Header: header, Body: body})
	if err != nil {
		return err
	}
	_, err = tell(ctx, b.limit, "/plain", page)
	return err
}

// vmsFirst presents every token once. The tokens are copies of a real one with
// another jti, signed here with the key that the realm file brought.
func vmsFirst(ctx context.Context, b *bench, d time.Duration) (result, error) {
	a, _, err := ask(b.usher.Address, rig.PasswordGrant("platform", rig.UserName(0)))
	if err != nil {
		return result{}, err
	}
	q := rig.Request{Method: "GET", Path: "/v1/vms", Authorization: a.Access}
	if err := b.teach(ctx, q); err != nil {
		return result{}, err
	}
	der, err := x509.MarshalPKIXPublicKey(&b.key.PublicKey)
	if err != nil {
		return result{}, err
	}
	if _, err := tell(ctx, b.limit, "/key", der); err != nil {
		return result{}, err
	}
	tokens, err := copies(b.key, a.Access, int(d.Seconds()*4000))
	if err != nil {
		return result{}, err
	}
	var n atomic.Int64
	j := job{next: func(int, int) rig.Request {
		i := int(n.Add(1)) - 1
		if i >= len(tokens) {
			return rig.Request{}
		}
		return rig.Request{Method: "GET", Path: "/v1/vms", Authorization: tokens[i]}
	}}
	var m atomic.Int64
	l := job{next: func(int, int) rig.Request {
		return rig.Request{Method: "GET", Path: "/verifying", Authorization: tokens[int(m.Add(1))%len(tokens)]}
	}}
	// Both sides get the same number of tokens per slice, so that neither runs dry early.
	per := len(tokens) / 3
	part := func(address string, j job, counter *atomic.Int64) func(time.Duration) (float64, error) {
		return func(time.Duration) (float64, error) {
			from := counter.Load()
			bounded := job{next: func(w, k int) rig.Request {
				if counter.Load()-from >= int64(per) {
					return rig.Request{}
				}
				return j.next(w, k)
			}}
			t, err := closedLoop(ctx, address, workers, time.Minute, bounded)
			return t.rate(), err
		}
	}
	return alternate(d, part(b.limit.Address, l, &m), part(b.usher.Address, j, &n))
}

func copies(key *rsa.PrivateKey, token string, n int) ([]string, error) {
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	var claims map[string]json.RawMessage
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, err
	}
	out := make([]string, n)
	var group sync.WaitGroup
	var fault atomic.Value
	for part := range 2 {
		group.Go(func() {
			for i := part; i < n; i += 2 {
				text := bytes.Replace(payload, claims["jti"], fmt.Appendf(nil, `"copy:%032d"`, i), 1)
				input := parts[0] + "." + base64.RawURLEncoding.EncodeToString(text)
				sum := sha256.Sum256([]byte(input))
				sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
				if err != nil {
					fault.Store(err)
					return
				}
				out[i] = input + "." + base64.RawURLEncoding.EncodeToString(sig)
			}
		})
	}
	group.Wait()
	if err, ok := fault.Load().(error); ok {
		return nil, err
	}
	return out, nil
}

package people

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/seed-a6a28e10/usher/bench/history"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// volume is n times USHER_TEST_SCALE, at least 1.
func volume(t *testing.T, n int) int {
	text := os.Getenv("USHER_TEST_SCALE")
	if text == "" {
		return n
	}
	scale, err := strconv.ParseFloat(text, 64)
	if err != nil || scale <= 0 {
		t.Fatalf("USHER_TEST_SCALE=%q is not a positive number", text)
	}
	return max(1, int(float64(n)*scale))
}

// RT15 (rotation): every history has an order that explains it. Eight clients
// share one login and use it as
// they like, thieves among them, and the checker looks for an order that the rules of
// rotation allow for all that they were told.
func TestRT15_FamiliesAreLinearizable(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "realms.json")
	if err := WriteRealms(file, Realms(), 2); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	u := apptest.Start(t, apptest.Options{Realm: string(text)})
	w := NewWorld(strings.TrimPrefix(u.URL, "http://"), "")
	var group sync.WaitGroup
	for _, p := range NewPeople(w, 2, 1) {
		group.Go(func() {
			for range volume(t, 3) {
				share(t, p)
			}
		})
	}
	group.Wait()
	for _, wrong := range w.TakeWrong() {
		t.Error(wrong)
	}
}

const (
	sharing = 8
	each    = 50
)

// share makes one history.
func share(t *testing.T, p *Person) {
	s, _ := p.login(p.lines[0], FirstPassword)
	if s == nil {
		t.Error("no login")
		return
	}
	shared := &sharedToken{newest: s.current}
	seeds := [sharing]uint64{}
	for i := range seeds {
		seeds[i] = p.rand.Uint64()
	}
	var group sync.WaitGroup
	for i := range sharing {
		group.Go(func() {
			c := sharer{p: p, s: s, shared: shared, rand: rand.New(rand.NewPCG(seeds[i], 0)), own: s.current, access: s.access[0],
				line: &line{world: p.world}}
			defer c.line.drop()
			for range each {
				c.once()
			}
		})
	}
	group.Wait()
	s.log.Settle(p.world.Now())
	if err := history.Check(s.log); err != nil {
		t.Error(err)
	}
}

// sharedToken is the newest token any client has told the others of.
type sharedToken struct {
	mu     sync.Mutex
	newest refreshToken
}

func (t *sharedToken) get() refreshToken {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.newest
}

func (t *sharedToken) tell(r refreshToken) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.Gen >= t.newest.Gen {
		t.newest = r
	}
}

// sharer is one of the clients.
type sharer struct {
	p      *Person
	s      *session
	shared *sharedToken
	rand   *rand.Rand
	line   *line
	own    refreshToken
	access accessToken
}

func (c *sharer) once() {
	switch n := c.rand.IntN(100); {
	case n < 60: // mostly with what the others told
		c.own = c.shared.get()
		c.refresh()
	case n < 63: // with what it has, which may be old
		c.refresh()
	case n < 75 && c.s.client == confidential:
		c.p.askRefresh(c.line, c.s, c.own)
	case n < 85:
		c.p.askAccess(c.line, c.s, &c.access, n%2 == 0)
	case n < 99 || c.rand.IntN(4) > 0:
		c.p.callAPI(c.line, c.s, &c.access)
	default:
		s := *c.s // of which logout changes what is known
		s.current, s.ended = c.own, maybe
		c.p.logout(c.line, &s, n%2 == 0)
	}
}

func (c *sharer) refresh() {
	o, got := c.p.present(c.line, c.s, c.own, false)
	if o == history.OK {
		c.own, c.access = got.refresh, got.access
		c.shared.tell(got.refresh)
	}
}

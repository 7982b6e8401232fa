package wire

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
	"github.com/seed-a6a28e10/usher/internal/keys"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// world is a running Usher and a way to talk to it.
type world struct {
	*apptest.Usher
	base   string
	dir    string // of the data folder
	clock  *apptest.Clock
	client *http.Client
}

// start runs an Usher with the realm file, on a clock that stands still until
// it is moved, without the API's limit of requests.
func start(t *testing.T, realm string) *world {
	t.Helper()
	return startWith(t, apptest.Options{Realm: realm, Clock: apptest.NewStillClock(), Config: func(c *app.Config) { c.APIRateLimit = 0 }})
}

func startWith(t *testing.T, o apptest.Options) *world {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	more := o.App
	o.App = func(options *app.Options) {
		options.NewRSA = usedKeys()
		if more != nil {
			more(options)
		}
	}
	o.Realm = strings.ReplaceAll(o.Realm, `{"type": "password", "value": "`+password+`"}`, hashed(t))
	u := apptest.Start(t, o)
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	return &world{Usher: u, base: u.URL, dir: o.Dir, clock: u.Clock, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// rsaKeys are made once for all tests: making one takes longer than a start.
var rsaKeys = [...]func() ([]byte, error){sync.OnceValues(newRSA), sync.OnceValues(newRSA), sync.OnceValues(newRSA)}

func newRSA() ([]byte, error) { return keys.NewRSA(rand.Reader) }

// usedKeys gives each realm of one Usher another key: those made for all, then
// new ones.
func usedKeys() func() ([]byte, error) {
	var n atomic.Int32
	return func() ([]byte, error) {
		if i := int(n.Add(1)) - 1; i < len(rsaKeys) {
			return rsaKeys[i]()
		}
		return newRSA()
	}
}

// theHash is the usual password's, made once for all tests.
var theHash = sync.OnceValues(func() (string, error) {
	secretData, credentialData, err := secret.NewHasher().Hash(password)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(map[string]string{"type": "password", "secretData": secretData, "credentialData": credentialData})
	return string(b), err
})

func hashed(t *testing.T) string {
	t.Helper()
	text, err := theHash()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// volume is n times USHER_TEST_SCALE: how often a test repeats itself where a
// slower build (the race detector's) looks for something else.
func volume(t *testing.T, n int) int {
	t.Helper()
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

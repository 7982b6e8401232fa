package apptest

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/app"
)

// Options say what to start; the zero value is the built-in realm with one
// user in a folder of the test's own.
type Options struct {
	// Realm is the text of a realm file; "" makes the built-in realm.
	Realm string
	// Users of the built-in realm; nil makes User with Password.
	Users []app.Login
	// Dir keeps the data, to start again over it; "" is a folder of the test's.
	Dir string
	// Clock to go by; nil makes one.
	Clock *Clock
	// Config changes the configuration before the start; may be nil.
	Config func(*app.Config)
	// App changes the options before the start; may be nil.
	App func(*app.Options)
	// HashSlots is app.Options.HashSlots.
	HashSlots int
	// PeerUID is app.Options.PeerUID.
	PeerUID func(*net.UnixConn) (uid int, err error)
	// LogLevel makes the log that of production, JSON, at this level; "" keeps
	// the test's own.
	LogLevel string
}

// The user of the built-in realm.
const (
	User     = "user@example.org"
	Password = "an example password"
)

// Usher is a running one.
type Usher struct {
	*app.App
	Clock *Clock
	// URL is the public origin, Management the other listener's.
	URL, Management string
	// Data is the data folder.
	Data   string
	Report app.Report
	log    *logBuffer
}

// Start runs an Usher until the test ends.
func Start(t testing.TB, o Options) *Usher {
	t.Helper()
	if o.Clock == nil {
		o.Clock = NewClock()
	}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	u := &Usher{Clock: o.Clock, Data: filepath.Join(o.Dir, "data"), log: &logBuffer{}}
	cfg := app.Config{
		Listen: "127.0.0.1:0", ManagementListen: "127.0.0.1:0",
		Data: u.Data, MasterKey: bytes.Repeat([]byte("k"), 32),
	}
	if o.Config != nil {
		o.Config(&cfg)
	}
	log := slog.New(slog.NewTextHandler(u.log, nil))
	if o.LogLevel != "" {
		var err error
		if log, err = app.NewLogger(u.log, "json", o.LogLevel); err != nil {
			t.Fatal(err)
		}
	}
	options := app.Options{Clock: o.Clock, Log: log, HashSlots: o.HashSlots, PeerUID: o.PeerUID, RuntimeFolders: []string{}}
	if o.App != nil {
		o.App(&options)
	}
	a, err := app.New(t.Context(), cfg, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
		if t.Failed() {
			t.Logf("the log:\n%s", u.log)
		}
	})
	u.App, u.URL, u.Management = a, a.PublicURL(), a.ManagementURL()
	if u.Report, err = load(t.Context(), a, o); err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return u
}

func load(ctx context.Context, a *app.App, o Options) (app.Report, error) {
	if o.Realm != "" {
		return a.ImportFile(ctx, "realm.json", []byte(o.Realm))
	}
	if o.Users == nil {
		o.Users = []app.Login{{Username: User, Password: Password}}
	}
	return a.ImportBuiltin(ctx, o.Users)
}

// Log is what was logged so far.
func (u *Usher) Log() string { return u.log.String() }

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

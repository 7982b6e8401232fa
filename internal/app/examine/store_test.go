package examine_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
	"github.com/seed-a6a28e10/usher/internal/app/examine"
	"github.com/seed-a6a28e10/usher/internal/doctor"
	_ "modernc.org/sqlite" // to change a database behind the server's back
)

// stopped is the data folder of a server that ran once.
func stopped(t *testing.T) string {
	t.Helper()
	u := apptest.Start(t, apptest.Options{Realm: quickRealm})
	failLogin(t, u)
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	return u.Data
}

// again is a copy of a data folder.
func again(t *testing.T, data string) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(copied, 0o700); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(data, "usher.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(copied, "usher.db"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}

// change does something to the database that no server did.
func change(t *testing.T, data, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(data, "usher.db"))
	if err != nil {
		t.Fatal(err)
	}
	done, err := db.ExecContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := done.RowsAffected(); n == 0 && !strings.HasPrefix(statement, "pragma") {
		t.Fatalf("nothing changed: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func offline(data string) examine.Options {
	o := options(data)
	o.Offline = true
	return o
}

// TestWhereNoServerRuns is told, and is no fault when none is meant to.
func TestWhereNoServerRuns(t *testing.T) {
	t.Parallel()
	data := stopped(t)
	finds(t, examine.Examine(t.Context(), offline(data)), finding{doctor.Success, "store.opens", ""})
	finds(t, examine.Examine(t.Context(), options(data)), finding{doctor.Warning, "server.answers", "no server runs on the data folder"})
}

// TestAServerThatDoesNotAnswer on its socket is a finding, not a wait.
func TestAServerThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	data := stopped(t)
	for name, c := range map[string]struct {
		dial examine.Dialer
		says string
	}{
		"hangs":        {func(context.Context) (net.Conn, error) { mine, _ := net.Pipe(); return mine, nil }, "Client.Timeout"},
		"is another's": {func(context.Context) (net.Conn, error) { return nil, fs.ErrPermission }, "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := offline(data)
			o.Dial, o.Patience = c.dial, 300*time.Millisecond
			finds(t, examine.Examine(t.Context(), o), finding{doctor.Failure, "server.answers", c.says})
		})
	}
}

// TestAServerOfAnotherRelease is told.
func TestAServerOfAnotherRelease(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{Realm: quickRealm, App: func(o *app.Options) { o.Build.Version = "0.1.0" }})
	o := options(u.Data)
	o.Version = "0.2.0"
	finds(t, examine.Examine(t.Context(), o), finding{doctor.Warning, "server.version", "the server is usher 0.1.0, this is usher 0.2.0"})
}

// TestADatabaseThatCannotBeRead: each reason is told as what it is.
func TestADatabaseThatCannotBeRead(t *testing.T) {
	t.Parallel()
	cut := func(t *testing.T, data string, size int64) {
		if err := os.Truncate(filepath.Join(data, "usher.db"), size); err != nil {
			t.Fatal(err)
		}
	}
	data := stopped(t)
	for _, c := range []struct {
		name  string
		hurt  func(t *testing.T, o *examine.Options)
		level doctor.Level
		says  string
		trouble
	}{
		{"no folder", func(_ *testing.T, o *examine.Options) { o.Config.Data += "-elsewhere" }, doctor.Failure, "there is no folder", "name the data folder with --data"},
		{"a file for a folder", func(_ *testing.T, o *examine.Options) { o.Config.Data += "/usher.db" }, doctor.Failure, "is not a folder", "name the data folder with --data"},
		{"no database", func(t *testing.T, o *examine.Options) { o.Config.Data = emptied(t, o.Config.Data) }, doctor.Failure, "holds no database", "makes one at its first start"},
		{"no key", func(_ *testing.T, o *examine.Options) {
			o.MasterKey, o.KeyError = nil, errors.New("master key: no such file")
		}, doctor.Failure, "master key: no such file", "--master-key-file"},
		{"a key of another user's", func(_ *testing.T, o *examine.Options) { o.MasterKey, o.KeyError = nil, fs.ErrPermission }, doctor.Failure, "permission denied", "as the user whose folder it is"},
		{"another key", func(_ *testing.T, o *examine.Options) { o.MasterKey = []byte(strings.Repeat("x", 32)) }, doctor.Failure, "wrong master key", "bring the key back"},
		{"an older release", func(t *testing.T, o *examine.Options) { change(t, o.Config.Data, "pragma user_version = 0") }, doctor.Warning, "older release", "make a backup with that release"},
		{"a newer release", func(t *testing.T, o *examine.Options) { change(t, o.Config.Data, "pragma user_version = 99") }, doctor.Failure, "newer release", "use the program of that release"},
		{"another program's", func(t *testing.T, o *examine.Options) { change(t, o.Config.Data, "pragma application_id = 1") }, doctor.Failure, "not a database of Usher", "keep the file"},
		{"no database at all", func(t *testing.T, o *examine.Options) {
			if err := os.WriteFile(filepath.Join(o.Config.Data, "usher.db"), []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, doctor.Failure, "file is not a database", "keep the file"},
		{"half of it", func(t *testing.T, o *examine.Options) { cut(t, o.Config.Data, 8192) }, doctor.Failure, "malformed", "keep the file"},
		{"nothing of it", func(t *testing.T, o *examine.Options) { cut(t, o.Config.Data, 0) }, doctor.Failure, "usher.db is empty", "keep the file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := offline(again(t, data))
			c.hurt(t, &o)
			r := examine.Examine(t.Context(), o)
			finds(t, r, finding{c.level, "store.opens", c.says})
			for _, f := range r {
				if f.Check == "store.opens" && !strings.Contains(f.Advice, string(c.trouble)) {
					t.Errorf("advice: %s", f.Advice)
				}
			}
		})
	}
}

// emptied removes the database.
func emptied(t *testing.T, data string) string {
	t.Helper()
	if err := os.Remove(filepath.Join(data, "usher.db")); err != nil {
		t.Fatal(err)
	}
	return data
}

// trouble is a part of the advice.
type trouble string

// failLogin leaves an event.
func failLogin(t *testing.T, u *apptest.Usher) {
	t.Helper()
	answer, err := http.PostForm(u.URL+"/auth/realms/platform/protocol/openid-connect/token", url.Values{
		"client_id": {"anonymous"}, "grant_type": {"password"}, "username": {"nobody"}, "password": {"a wrong password"}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
}

// TestWhatWasChangedBehindTheServersBack: what stands in the configuration is
// seen at once, everything else by looking deep.
func TestWhatWasChangedBehindTheServersBack(t *testing.T) {
	t.Parallel()
	data := stopped(t)
	for _, c := range []struct {
		name, statement string
		plain, deep     []finding
	}{
		{"nothing", "pragma user_version", nil, []finding{{doctor.Success, "store.rows", "none damaged; the event record is unchanged"}}},
		{"a user", "update users set doc = doc || ' '", nil, []finding{{doctor.Failure, "store.rows", "table users"}}},
		{"a password", "update users set pw_secret = pw_secret || ' '", nil, []finding{{doctor.Failure, "store.rows", "table users"}}},
		{"a client", "update client set doc = replace(doc, 'anonymous', 'anonymouz')", []finding{{doctor.Failure, "store.rows", "table client"}}, []finding{{doctor.Failure, "store.rows", "table client"}}},
		{"the realm", "update realm set doc = replace(doc, 'platform', 'platforn')", []finding{{doctor.Failure, "store.rows", "table realm"}}, []finding{{doctor.Failure, "store.rows", "table realm"}}},
		{"an event", "update event set address = '192.0.2.1'", nil, []finding{{doctor.Failure, "events.record", "changed"}}},
		{"an event is gone", "delete from event where seq = (select min(seq) from event)", nil, []finding{{doctor.Failure, "events.record", ""}}},
		{"the beginning and the end of the record", "delete from event_chain", []finding{{doctor.Failure, "store.reads", "the record of events"}}, []finding{{doctor.Failure, "store.reads", "the record of events"}, {doctor.Failure, "events.record", "is gone"}}},
		{"the realm is gone", "delete from realm", []finding{{doctor.Failure, "store.realm", "there is no realm"}},
			[]finding{{doctor.Failure, "store.realm", "there is no realm"}, {doctor.Failure, "store.file", "names a row of realm that is not there"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := offline(again(t, data))
			change(t, o.Config.Data, c.statement)
			finds(t, examine.Examine(t.Context(), o), c.plain...)
			o.Deep = true
			finds(t, examine.Examine(t.Context(), o), c.deep...)
		})
	}
}

// TestItEndsWhenItIsInterrupted, and does not wait for what is asked.
func TestItEndsWhenItIsInterrupted(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{Realm: quickRealm})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := options(u.Data)
	o.Deep = true
	examine.Examine(ctx, o)
}

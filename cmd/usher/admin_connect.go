package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/config"
)

// place is where the data of an Usher is.
type place struct {
	data, keyFile string
	config        config.Config
	// settings says that there are some; problems are what is wrong with them.
	settings bool
	problems config.Problems
}

// folder is the data folder, which must be there.
func (a *admin) folder() (place, error) {
	at, err := a.locate()
	if err != nil {
		return place{}, err
	}
	return at, at.check()
}

// locate finds the data folder's name: by flag, variable or settings.
func (a *admin) locate() (place, error) {
	s := config.Sources{File: a.config, Flags: map[string]string{}, Environ: usherVariables(a.environ), Credentials: a.variable("CREDENTIALS_DIRECTORY"), Beside: true}
	if s.Environ["USHER_DATA"] == "" {
		delete(s.Environ, "USHER_DATA") // set to nothing is not set
	}
	if s.File == "" && a.data == "" && s.Environ["USHER_DATA"] == "" {
		if _, err := os.Stat(defaultConfig); err == nil {
			s.File = defaultConfig
		}
	}
	if s.File != "" {
		var err error
		if s.FileData, err = app.ReadSmallFile(s.File); err != nil {
			return place{}, usage(err, "name the server's settings with --config FILE, or its data folder with --data DIR")
		}
	}
	if a.data != "" {
		s.Flags["data"] = a.data
	}
	if a.keyFile != "" {
		s.Flags["master-key-file"] = a.keyFile
	}
	c, problems := config.Load(s)
	switch {
	case problems.Unreadable() || c.Data == "" && len(problems) > 0:
		return place{}, usage(problems, "correct the settings, or name the data folder with --data DIR")
	case c.Data == "":
		return place{}, usage(errors.New("which data folder?"), "name it with --data DIR or USHER_DATA, or name the server's settings with --config FILE")
	}
	at := place{data: filepath.Clean(c.Data), keyFile: c.MasterKeyFile, config: c, problems: problems, settings: s.File != "" || c.PublicURL != ""}
	if at.keyFile == "" {
		at.keyFile = at.data + ".key" // where `usher dev` keeps it
	}
	return at, nil
}

// check looks at the folder itself.
func (at place) check() error {
	info, err := os.Stat(at.data)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return at.notYours(err)
	case errors.Is(err, fs.ErrNotExist):
		return usage(fmt.Errorf("there is no folder %s", at.data), "name the data folder of a server with --data DIR")
	case err != nil:
		return failed(err, "name the data folder of a server with --data DIR")
	case !info.IsDir():
		return usage(fmt.Errorf("%s is not a folder", at.data), "name the data folder of a server with --data DIR")
	}
	return nil
}

// owner is the user whose folder it is, -1 when that cannot be told.
func (at place) owner() int {
	info, err := os.Stat(at.data)
	if err != nil {
		return -1
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid)
	}
	return -1
}

// notYours says that another user must run the command.
func (at place) notYours(err error) error {
	name := "the server's user"
	if uid := at.owner(); uid >= 0 {
		name = strconv.Itoa(uid)
		if u, lookup := user.LookupId(name); lookup == nil {
			name = u.Username
		} else {
			name = "'#" + name + "'"
		}
	}
	return &failure{err: err, code: exitRefused, hint: "run it as the user whose folder it is: sudo -u " + name + " usher …"}
}

// adminAPI is a connection to the handler of the administration API.
type adminAPI struct {
	client http.Client
	close  func() error
}

// connect reaches the server that runs, or opens the folder where none does.
// creates says that the command may fill an empty folder.
func (a *admin) connect(ctx context.Context, creates bool) (*adminAPI, error) {
	at, err := a.folder()
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		found, err := a.dial(ctx, at)
		if found != nil || err != nil {
			return found, err
		}
		found, err = a.offline(ctx, at, creates)
		if err == nil || !errors.Is(err, app.ErrLocked) {
			return found, err
		}
		if try > 0 { // else a server may have started between the two looks
			return nil, &failure{err: err, code: exitTrouble,
				hint: "a process that has the folder does not answer on its admin socket; wait until it has started, or look at its log"}
		}
	}
}

// dial connects to the socket; nil when no server listens.
func (a *admin) dial(ctx context.Context, at place) (*adminAPI, error) {
	dial := app.AdminDialer(at.data)
	first, cancel := context.WithTimeout(ctx, a.firstAnswer)
	defer cancel()
	conn, err := dial(first)
	switch {
	case first.Err() != nil && ctx.Err() == nil:
		return nil, a.hangs()
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, nil // no server is an answer
	case errors.Is(err, fs.ErrPermission):
		return nil, at.notYours(err)
	case err != nil:
		return nil, a.unreachable(ctx, err)
	}
	if err := conn.Close(); err != nil {
		return nil, a.unreachable(ctx, err)
	}
	transport := &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		DisableKeepAlives: true,
	}
	found := &adminAPI{client: http.Client{Transport: transport}, close: func() error { return nil }}
	if err := a.compareVersions(first, found); err != nil {
		if first.Err() != nil && ctx.Err() == nil {
			return nil, a.hangs()
		}
		return nil, err
	}
	return found, nil
}

// hangs says that a server is there and answers nothing. What is asked after
// its first answer may take as long as it takes.
func (a *admin) hangs() error {
	return &failure{err: fmt.Errorf("the server has not answered for %s", a.firstAnswer), code: exitTrouble,
		hint: "its process may be stopped, or stuck on its disk: look at its state, and at its log"}
}

// compareVersions warns where the server is of another release than this
// command.
func (a *admin) compareVersions(ctx context.Context, found *adminAPI) error {
	var s api.Status
	if err := found.do(ctx, http.MethodGet, api.AdminStatus, nil, nil, &s); err != nil {
		return a.explainCall(ctx, http.MethodGet, err)
	}
	if own := readBuild().version; s.Version != own {
		fmt.Fprintf(a.stderr, "warning: the server is usher %s, this command is usher %s: what only one of them knows is refused\n", s.Version, own)
	}
	return nil
}

// offline opens the folder in this process.
func (a *admin) offline(ctx context.Context, at place, creates bool) (*adminAPI, error) {
	if uid := at.owner(); uid != os.Geteuid() {
		return nil, at.notYours(fmt.Errorf("no server runs, and %s belongs to another user: what this command writes, the server could not open", at.data))
	}
	if !creates && !app.HasDatabase(at.data) {
		return nil, failed(fmt.Errorf("no server runs, and %s holds no database", at.data),
			"start `usher serve`, or fill the folder with `usher admin import FILE` or `usher admin realms add NAME`")
	}
	if err := harden(); err != nil {
		return nil, failed(err, "")
	}
	key, err := at.masterKey()
	if err != nil {
		hint := "name the key with --master-key-file, or start the server: over its socket no key is needed"
		if errors.Is(err, app.ErrKeyMode) {
			hint = "chmod 600 " + at.keyFile
		}
		return nil, failed(fmt.Errorf("no server runs, and the folder opens only with its master key: %w", err), hint)
	}
	cfg := appConfig(at.config, key)
	if cfg.MasterKeyFile, err = filepath.Abs(at.keyFile); err != nil {
		return nil, failed(err, "")
	}
	if cfg.Data, err = filepath.Abs(at.data); err != nil {
		return nil, failed(err, "")
	}
	b := readBuild()
	o, err := app.OpenOffline(ctx, cfg, app.Options{Log: slog.New(slog.DiscardHandler),
		Build: app.Build{Version: b.version, Commit: b.commit, Go: runtime.Version()}})
	if err != nil {
		return nil, openFailure(err, at)
	}
	return &adminAPI{client: http.Client{Transport: inProcess{o.AdminHandler()}}, close: o.Close}, nil
}

func openFailure(err error, at place) error {
	switch {
	case errors.Is(err, app.ErrLocked):
		return err // connect looks again
	case errors.Is(err, app.ErrFolderOpen):
		return failed(err, "chmod 700 "+at.data)
	case errors.Is(err, app.ErrSealed):
		return failed(err, "the data was sealed under another master key than "+at.keyFile+"; name the right one with --master-key-file")
	case errors.Is(err, context.Canceled):
		return err
	}
	return &failure{err: err, code: exitTrouble, hint: "`usher doctor --deep` looks at the database; a backup is the last resort"}
}

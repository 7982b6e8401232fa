package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/internal/app"
)

// devFlags are the flags of `usher dev`.
type devFlags struct {
	listen, management, data, realmFile string
	users                               []string
	json                                bool
}

func (w *world) devCommand() *cobra.Command {
	var f devFlags
	c := &cobra.Command{
		Use:   "dev",
		Short: "Start an Usher to try and to develop against",
		Long: `Start an Usher that needs nothing: realm platform, client anonymous, users and
three VideoManagers. It prints URLs, credentials and the three documented
requests as curl lines, and listens on this machine only.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return w.dev(c.Context(), f) },
	}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "public listener on a loopback `address`; its host is the issuer's, port 0 takes a free one")
	c.Flags().StringVar(&f.management, "management", "127.0.0.1:0", "management listener, a loopback `address`")
	c.Flags().StringVar(&f.data, "data", "", "keep everything in this `folder`, and the master key beside it (default: a temporary one)")
	c.Flags().StringArrayVar(&f.users, "user", nil, "a user, `NAME:PASSWORD`; may be repeated (default: two with generated passwords)")
	c.Flags().StringVar(&f.realmFile, "realm-file", "", "start with the realms of this `file` in Keycloak's JSON form")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object when ready, and nothing more")
	return c
}

func (w *world) dev(ctx context.Context, f devFlags) (err error) {
	given, err := devUsers(f.users)
	if err != nil {
		return err
	}
	for name, address := range map[string]string{"listen": f.listen, "management": f.management} {
		if err := onLoopback(name, address); err != nil {
			return err
		}
	}
	f.listen = strings.ToLower(f.listen) // the host is the issuer's
	realm, err := readRealmFile(f.realmFile)
	if err != nil {
		return err
	}
	data, remove, err := devFolder(f.data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	a, err := w.devApp(ctx, f, data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	report, err := devImport(ctx, a, f, data, realm, given)
	if err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return startFailure(err, data+".key")
	}
	w.devReport(ctx, a, &report)
	if err := w.devReady(a, f, report.Logins); err != nil {
		return err
	}
	return a.Run(ctx, w.now)
}

// devApp opens the data folder with the master key beside it.
func (w *world) devApp(ctx context.Context, f devFlags, data string) (*app.App, error) {
	key, err := devKey(data)
	if err != nil {
		return nil, err
	}
	b := readBuild()
	a, err := app.New(ctx, app.Config{
		Listen: f.listen, ManagementListen: f.management, Data: data, MasterKey: key, MasterKeyFile: data + ".key",
	}, app.Options{Log: w.devLog(f.json), Build: app.Build{Version: b.version, Commit: b.commit, Go: runtime.Version()}})
	if err != nil {
		return nil, notOpened(err, f.listen, f.management, "management", data, data+".key")
	}
	return a, nil
}

// devKey reads or makes DIR.key. A new key for an old database would only
// say that nothing opens.
func devKey(data string) ([]byte, error) {
	if info, err := os.Stat(data); err == nil && !info.IsDir() {
		return nil, failed(fmt.Errorf("%s is not a folder", data), "name a folder with --data")
	}
	path := data + ".key"
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) && app.HasDatabase(data) {
		return nil, failed(fmt.Errorf("%s holds a database, but its master key %s is gone", data, path),
			"bring the key back, or choose another --data folder")
	}
	key, err := app.EnsureMasterKey(path)
	if err != nil {
		hint := ""
		if errors.Is(err, app.ErrKeyMode) {
			hint = "chmod 600 " + path
		} else if !errors.Is(err, fs.ErrNotExist) {
			hint = "bring the right " + path + " back, or choose another --data folder"
		}
		return nil, failed(err, hint)
	}
	return key, nil
}

// devFolder is the data folder, and how to clear up afterwards.
func devFolder(data string) (string, func() error, error) {
	if data != "" {
		abs, err := filepath.Abs(data)
		if err != nil {
			return "", nil, failed(err, "")
		}
		return abs, func() error { return nil }, nil
	}
	tmp, err := os.MkdirTemp("", "usher-dev-")
	if err != nil {
		return "", nil, failed(err, "name a folder with --data")
	}
	return filepath.Join(tmp, "data"), func() error { return os.RemoveAll(tmp) }, nil
}

// onLoopback refuses an address that others could reach.
func onLoopback(flag, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return usage(fmt.Errorf("--%s %s: not host:port", flag, address), "write e.g. --"+flag+" 127.0.0.1:8080")
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return usage(fmt.Errorf("--%s %s: not a port", flag, address), "write a port from 0 to 65535")
	}
	ip, err := netip.ParseAddr(host)
	if ip.Zone() != "" {
		return usage(fmt.Errorf("--%s %s: an address with a zone is no part of a URL", flag, address), "write [::1] without %"+ip.Zone())
	}
	if strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback() {
		return nil
	}
	return usage(fmt.Errorf("--%s %s: `usher dev` listens on this machine only", flag, address),
		"use 127.0.0.1, [::1] or localhost; `usher serve` is for the network")
}

// devImport fills the store: the file's realms, or the built-in one. Users are
// made up only where there is none; the passwords of those that are stored
// already are known only where this program made them up.
func devImport(ctx context.Context, a *app.App, f devFlags, data string, realm []byte, given []app.Login) (app.Report, error) {
	if f.realmFile != "" {
		report, err := a.ImportFile(ctx, f.realmFile, realm)
		if err != nil {
			return report, failed(err, "nothing was imported; correct the file and start again")
		}
		if err := a.AddUsers(ctx, given, &report); err != nil {
			return report, failed(err, "")
		}
		return report, nil
	}
	users := given
	if len(users) == 0 {
		stored, err := a.KnownUsers(ctx, shownUsers)
		if err != nil {
			return app.Report{}, failed(err, "")
		}
		if users, err = keptUsers(data, len(stored) == 0); err != nil {
			return app.Report{}, err
		}
		if len(users) == 0 {
			return app.Report{Logins: stored}, nil
		}
	}
	report, err := a.ImportBuiltin(ctx, users)
	if err != nil {
		return report, failed(err, "")
	}
	return report, nil
}

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/config"
)

// readRealmFile reads a realm file; "" is none.
func readRealmFile(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	data, err := app.ReadRealmFile(path)
	if err != nil {
		return nil, failed(err, "name a realm file in Keycloak's JSON form")
	}
	return data, nil
}

// notOpened adds to an error of opening the way out, and its exit code.
func notOpened(err error, listen, management, managementFlag, data, keyFile string) error {
	taken := func(address, flag string) string {
		return fmt.Sprintf("another program listens on %s; choose another address with --%s, port 0 takes a free one", address, flag)
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE) && errors.Is(err, app.ErrManagement):
		return failed(err, taken(management, managementFlag))
	case errors.Is(err, syscall.EADDRINUSE):
		return failed(err, taken(listen, "listen"))
	case errors.Is(err, app.ErrLocked):
		return failed(err, "stop the other process, or choose another data folder")
	case errors.Is(err, app.ErrFolderOpen):
		return failed(err, "chmod 700 "+data)
	case errors.Is(err, app.ErrSealed):
		return failed(err, sealedHint(keyFile))
	case app.HasDatabase(data):
		return &failure{err: err, code: exitTrouble, hint: "restore " + data + " from a backup, or choose another data folder"}
	}
	return failed(err, "name a folder for the data that can be made or written to")
}

// startFailure explains an error of loading what is stored.
func startFailure(err error, keyFile string) error {
	if errors.Is(err, app.ErrSealed) {
		return failed(err, sealedHint(keyFile))
	}
	return failed(err, "")
}

func sealedHint(keyFile string) string {
	return "the data was sealed under another master key than " + keyFile + "; bring that one back"
}

// fileSystem is how the configuration is checked against the disk.
func fileSystem() config.Files {
	return config.Files{
		Stat: func(path string) (config.FileFact, error) {
			info, err := os.Stat(path)
			if err != nil {
				return config.FileFact{}, err
			}
			fact := config.FileFact{Mode: info.Mode()}
			if s, ok := info.Sys().(*syscall.Stat_t); ok {
				fact.UID = int(s.Uid)
			}
			return fact, nil
		},
		Real: realPath,
		MasterKey: func(path string) error {
			_, err := app.ReadMasterKey(path)
			return err
		},
		Certificate: func(certFile, keyFile string) error {
			_, err := app.LoadKeyPair(certFile, keyFile)
			return err
		},
		UID: os.Getuid(),
	}
}

// realPath resolves links as far as the path exists.
func realPath(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	}
	return filepath.Join(realPath(filepath.Dir(abs)), filepath.Base(abs))
}

// smallFile reads the file that a flag names; - is standard input.
func (w *world) smallFile(name string) ([]byte, error) {
	if name == "-" {
		return app.ReadSmall(w.stdin, "standard input")
	}
	return app.ReadSmallFile(name)
}

package app

import (
	"io"
	"os"
)

// maxRealmFile bounds what is read of a realm file; one byte more than is
// allowed, so that the import names the limit.
const maxRealmFile = 64<<20 + 1

// ReadRealmFile reads a realm file as far as it may be long.
func ReadRealmFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxRealmFile))
}

// Tell logs what a realm file brought or says differently.
func (a *App) Tell(r Report) {
	for _, line := range r.Warnings {
		a.log.Warn("realm file", "warning", line)
	}
	for _, line := range r.Differences {
		a.log.Warn("realm file", "kept_as_stored", line)
	}
	for _, name := range r.Created {
		a.log.Info("realm imported", "realm", name)
	}
}

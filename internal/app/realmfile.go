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
	f, err := OpenRegular(os.OpenFile, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxRealmFile))
}

// Tell logs what a realm file brought or says differently.
func (a *App) Tell(r Report) {
	warnings, differences := r.Warnings, r.Differences
	if !a.cfg.LogPII {
		var unnamedWarnings, unnamedDifferences int
		warnings, unnamedWarnings = unnamed(warnings)
		differences, unnamedDifferences = unnamed(differences)
		if n := unnamedWarnings + unnamedDifferences; n > 0 {
			a.log.Warn("realm file: lines about people, which log_pii: true shows", "lines", n)
		}
	}
	for _, line := range warnings {
		a.log.Warn("realm file", "warning", line)
	}
	for _, line := range differences {
		a.log.Warn("realm file", "kept_as_stored", line)
	}
	for _, name := range r.Created {
		a.log.Info("realm imported", "realm", name)
	}
}

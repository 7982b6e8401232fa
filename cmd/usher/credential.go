package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/config"
)

// errHiddenKey says that the settings name a credential as the master key, and
// that this command is not the service that gets it.
var errHiddenKey = errors.New("which only the service can see")

// masterKey reads the key that opens the data folder.
func (at place) masterKey() ([]byte, error) {
	if name := at.config.Hidden("master_key_file"); name != "" {
		return nil, fmt.Errorf("the master key is %s, %w", name, errHiddenKey)
	}
	return app.ReadMasterKey(at.keyFile)
}

const hiddenKeyHint = "name the file it is made from, such as that of LoadCredential, with --master-key-file"

// fileSettings are those whose files are looked at.
var fileSettings = []string{"tls_cert_file", "tls_key_file", "data", "master_key_file", "realm_file"}

// settingsProblems checks the settings as `usher serve` would, run by the user
// whose folder it is. Who is neither that user nor root cannot judge files. What
// a flag says instead is no problem of the file's.
func settingsProblems(at place) config.Problems {
	if !at.settings {
		return nil
	}
	files := fileSystem()
	if owner := at.owner(); owner >= 0 {
		files.UID = owner
	}
	found := at.config.Check(files)
	if at.strange() {
		found = slices.DeleteFunc(found, func(p config.Problem) bool { return slices.Contains(fileSettings, p.Setting) })
	}
	problems := slices.DeleteFunc(slices.Clone(at.problems), func(p config.Problem) bool { return at.config.OriginOf(p.Setting).Kind == "flag" })
	return append(problems, found...)
}

// strange says that this command's user is neither root nor the one whose folder
// it is.
func (at place) strange() bool {
	me := os.Geteuid()
	if me == 0 {
		return false
	}
	if _, err := os.Stat(at.data); errors.Is(err, fs.ErrPermission) {
		return true
	}
	owner := at.owner()
	return owner >= 0 && owner != me
}

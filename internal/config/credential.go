package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// credential begins the name of a file that the service manager hands over:
// systemd's LoadCredential puts it into a folder of its own, readable by the
// service alone, wherever that is.
const credential = "credential:"

var errNoCredentials = errors.New("the service manager passed no credentials: CREDENTIALS_DIRECTORY is not set")

// errHidden is for a credential that somebody beside the service asks for.
var errHidden = errors.New("only the service can see its credentials")

// resolve is the path of a file setting: below the credentials, or where it is
// relative and stands in a file, below that file's folder.
func (c *Config) resolve(value, base string) (string, error) {
	name, ok := strings.CutPrefix(value, credential)
	switch {
	case !ok && base != "" && value != "" && !filepath.IsAbs(value):
		return filepath.Join(base, value), nil
	case !ok:
		return value, nil
	case name == "" || name != filepath.Base(name) || strings.HasPrefix(name, "."):
		return "", fmt.Errorf("%q does not name a credential, such as credential:master.key", value)
	case c.Credentials == "" && c.beside:
		return "", errHidden
	case c.Credentials == "":
		return "", fmt.Errorf("%s: %w", value, errNoCredentials)
	}
	return filepath.Join(c.Credentials, name), nil
}

// credentialFile says that a path is a credential: its folder is closed to
// others whatever the file's own mode says, which shows an access list as
// rights of the group.
func (c *Config) credentialFile(path string) bool {
	return c.Credentials != "" && filepath.Dir(path) == filepath.Clean(c.Credentials)
}

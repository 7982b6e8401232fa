package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/app"
)

// devUsers reads --user NAME:PASSWORD. The name ends at the first colon, so
// that a password may hold more of them.
func devUsers(flags []string) ([]app.Login, error) {
	var out []app.Login
	seen := map[string]bool{}
	for _, s := range flags {
		name, password, ok := strings.Cut(s, ":")
		switch key := strings.ToLower(strings.TrimSpace(name)); {
		case !ok || strings.TrimSpace(name) == "" || password == "":
			return nil, usage(errors.New("--user needs NAME:PASSWORD"), "write e.g. --user someone@example.org:'a long password'")
		case seen[key]:
			return nil, usage(fmt.Errorf("--user names %s twice", name), "give each user once")
		default:
			seen[key] = true
		}
		out = append(out, app.Login{Username: name, Password: password})
	}
	return out, nil
}

// usersFile keeps the generated passwords in the data folder.
const usersFile = "dev-users.json"

type keptUser struct {
	Username string `json:"username"`
	Password string `json:"password,omitempty"`
}

// keptUsers are the users with generated passwords: made once and kept in a
// 0600 file, so that a second start prints the same. Without the file and with
// makeUp unset there are none.
func keptUsers(data string, makeUp bool) ([]app.Login, error) {
	path := filepath.Join(data, usersFile)
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && makeUp:
		return newUsers(path)
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, failed(err, "")
	}
	var kept []keptUser
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, failed(fmt.Errorf("%s: %w", path, err), "delete the file for new users, or name users with --user")
	}
	out := make([]app.Login, len(kept))
	for i, u := range kept {
		out[i] = app.Login{Username: u.Username, Password: u.Password}
	}
	return out, nil
}

func newUsers(path string) ([]app.Login, error) {
	var kept []keptUser
	var out []app.Login
	for _, name := range []string{"anna@example.org", "ben@example.org"} {
		password := rand.Text() // 26 letters and digits, 130 bits: nothing a shell or a form would change
		kept = append(kept, keptUser{name, password})
		out = append(out, app.Login{Username: name, Password: password})
	}
	text, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := app.WriteSecret(path, append(text, '\n')); err != nil {
		return nil, failed(err, "")
	}
	return out, nil
}

package interop

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadme starts Usher as the README says, but for the port, and pastes the
// block of its section "Log in" into a shell.
func TestReadme(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	readme := string(raw)
	user := regexp.MustCompile(`--user '([^']+)'`).FindStringSubmatch(readme)
	_, section, _ := strings.Cut(readme, "\n## Log in\n")
	_, block, _ := strings.Cut(section, "```sh\n")
	block, _, ok := strings.Cut(block, "```")
	if user == nil || !ok || !strings.Contains(block, "/v1/vms") {
		t.Fatal("the README has no --user, or no block of requests below Log in")
	}
	s, err := start(t.TempDir(), "--listen", "127.0.0.1:0", "--user", user[1])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	s.explain(t)

	out := program(t, "", nil, "bash", "-e", "-u", "-o", "pipefail", "-c", strings.ReplaceAll(block, "http://127.0.0.1:8080", s.root()))
	for _, want := range []string{`"refresh_expires_in":3600`, `"session_state"`, `"configuration"`, `"uuid"`} {
		if !strings.Contains(out, want) {
			t.Errorf("the README's requests did not print %s:\n%s", want, out)
		}
	}
	if n := strings.Count(out, `"access_token"`); n != 2 {
		t.Errorf("the README's requests printed %d token answers:\n%s", n, out)
	}
}

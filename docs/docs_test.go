package docs

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// shown is the address that the documents show.
const shown = "http://127.0.0.1:8080"

var block = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// TestDocumentsRun starts Usher with the README's own command (on a free port)
// and runs the shell blocks of each document against it, in order, as a reader
// would paste them.
func TestDocumentsRun(t *testing.T) {
	t.Parallel()
	readme := blocks(t, "../README.md")
	if len(readme) < 3 || !strings.HasPrefix(readme[0], "go run ./cmd/usher dev ") {
		t.Fatalf("the README does not begin with the command that starts Usher: %q", readme)
	}
	if last := strings.TrimSpace(readme[len(readme)-1]); last != "make test" {
		t.Fatalf("the README's last command is %q, not the one that passes the tests", last)
	}
	s := startAs(t, readme[0])
	run(t, "README.md", s, readme[1:len(readme)-1])
	ran := 0
	documents, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range documents {
		b := blocks(t, name)
		if text := strings.Join(b, ""); strings.Contains(text, shown) || strings.Contains(text, "usher admin ") {
			run(t, name, s, b)
			ran++
		}
	}
	if ran == 0 {
		t.Error("no document has a block that was run")
	}
}

func blocks(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range block.FindAllStringSubmatch(string(text), -1) {
		found = append(found, m[1])
	}
	return found
}

// server is the Usher that the documents' commands talk to.
type server struct {
	base string // the URL it answers at
	dir  string // with the program, and usher-data
}

// startAs runs a start command as it is printed, on a free port and in a
// temporary folder.
func startAs(t *testing.T, command string) server {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "usher")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/usher").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	command = strings.Replace(strings.TrimSpace(command), "go run ./cmd/usher", "exec "+binary, 1) + " --listen 127.0.0.1:0 --json"
	cmd := exec.Command("bash", "-c", command)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	var started struct {
		Issuer string `json:"issuer"`
	}
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&started); err != nil {
		t.Fatal(err)
	}
	base, _, ok := strings.Cut(started.Issuer, "/auth/")
	if !ok {
		t.Fatalf("issuer %q", started.Issuer)
	}
	return server{base, dir}
}

// run has usher on its path, and finds the server's data folder by USHER_DATA.
func run(t *testing.T, name string, s server, blocks []string) {
	t.Helper()
	script := strings.ReplaceAll(strings.Join(blocks, "\n"), shown, s.base)
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PATH="+s.dir+":"+os.Getenv("PATH"), "USHER_DATA="+filepath.Join(s.dir, "usher-data"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s\n%s", name, err, script, out)
	}
}

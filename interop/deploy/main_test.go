package deploy

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// lab is what all tests share; TestMain fills it before the first one runs.
var lab struct {
	usher string // the binary under test, static
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "deploy:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	if lab.usher = os.Getenv("INTEROP_BINARY"); lab.usher != "" {
		return m.Run(), nil
	}
	dir, err := os.MkdirTemp("", "usher-deploy")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	lab.usher = filepath.Join(dir, "usher")
	build := exec.Command("go", "build", "-trimpath", "-o", lab.usher, "./cmd/usher")
	build.Dir, build.Stderr = "../..", os.Stderr
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if err := build.Run(); err != nil {
		return 0, fmt.Errorf("go build: %w", err)
	}
	return m.Run(), nil
}

// output runs a program to its good end and returns what it printed.
func output(t *testing.T, program string, args ...string) string {
	t.Helper()
	return outputOf(t, exec.Command(program, args...))
}

func outputOf(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", cmd.Args, err, out, said.String())
	}
	return string(out)
}

// printed writes an asset, as the binary prints it, below dir.
func printed(t *testing.T, dir, asset, file string) (path, content string) {
	t.Helper()
	content = output(t, lab.usher, "assets", asset)
	return write(t, filepath.Join(dir, file), content), content
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

package interop

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// lab is what all tests share; TestMain fills it before the first one runs.
var lab struct {
	usher    string  // the binary under test
	goclient string  // the Go client, built
	standard *server // documented lifetimes: 300 and 3600 seconds
	brief    *server // 2 and 6 seconds, so that a client meets the end of both
	paced    *server // 4 and 12 seconds
	rotating *server // as brief, and each refresh token is for one use
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "usher-interop")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := build(dir); err != nil {
		return 0, err
	}
	for _, s := range []struct {
		name   string
		into   **server
		change realmChange
	}{
		{"standard", &lab.standard, realmChange{}},
		{"brief", &lab.brief, brief},
		{"paced", &lab.paced, paced},
		{"rotating", &lab.rotating, rotating},
	} {
		started, err := startRealm(filepath.Join(dir, s.name), s.change)
		if err != nil {
			return 0, fmt.Errorf("server %s: %w", s.name, err)
		}
		defer started.stop()
		*s.into = started
	}
	return m.Run(), nil
}

// build makes the two binaries. INTEROP_BINARY names a finished one to test instead.
func build(dir string) error {
	lab.goclient = filepath.Join(dir, "goclient")
	if err := goBuild(".", lab.goclient, "./cmd/goclient"); err != nil {
		return err
	}
	if lab.usher = os.Getenv("INTEROP_BINARY"); lab.usher != "" {
		return nil
	}
	lab.usher = filepath.Join(dir, "usher")
	return goBuild("..", lab.usher, "./cmd/usher")
}

func goBuild(in, out, pkg string) error {
	cmd := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-o", out, pkg)
	cmd.Dir = in
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build %s: %w", pkg, err)
	}
	return nil
}

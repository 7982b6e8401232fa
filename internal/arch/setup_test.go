package arch

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSetupSaysWhatItNeedsBeforeItStops on a machine where it may not install:
// all packages, Debian's and npm's, and how much they take.
func TestSetupSaysWhatItNeedsBeforeItStops(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script, err := os.ReadFile(filepath.Join("..", "..", "scripts", "setup"))
	if err != nil {
		t.Fatal(err)
	}
	tools := filepath.Join(dir, "tools")
	for name, text := range map[string]string{
		"scripts/setup":                 string(script),
		"interop/npm/package-lock.json": `{"integrity": "sha512-x"}`,
		"tools/id":                      "#!/bin/sh\necho 1000\n",
		"tools/sudo":                    "#!/bin/sh\nexit 1\n",
		"tools/apt-get":                 "#!/bin/sh\necho 'Need to get 12.3 MB of archives.'\nexit 1\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, tool := range []string{"bash", "cat", "dirname", "grep", "sed", "sha256sum"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(tools, tool)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(tools, "bash"), filepath.Join(dir, "scripts", "setup"))
	cmd.Env = []string{"PATH=" + tools}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 2 {
		t.Fatalf("%v\n%s", err, out)
	}
	before, after, stopped := strings.Cut(string(out), "setup: cannot install here")
	if !stopped || !strings.Contains(after, "sudo apt-get install --yes") {
		t.Errorf("no line to run:\n%s", out)
	}
	if strings.Contains(before, "is known after") {
		t.Errorf("the size was known:\n%s", out)
	}
	for _, want := range []string{"setup: Debian packages: curl ", "setup: Need to get 12.3 MB", "setup: npm packages: 1 of them, about 12 MB"} {
		if !strings.Contains(before, want) {
			t.Errorf("nothing says %q before it stops:\n%s", want, out)
		}
	}
}

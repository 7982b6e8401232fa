package main

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestRecoveryScripts plays the transcripts of backup, restore and doctor. Beside
// what every script knows they damage files:
//
//	flip FILE OFFSET      change a bit of a byte
//	cut FILE SIZE         leave the first bytes
//	replace FILE OLD NEW  of the same length, the first time it stands there
func TestRecoveryScripts(t *testing.T) {
	t.Parallel()
	commands := maps.Clone(scriptCommands())
	maps.Copy(commands, map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"flip": scriptFlip, "cut": scriptCut, "replace": scriptReplace,
	})
	testscript.Run(t, testscript.Params{
		Dir: "testdata/recovery", RequireExplicitExec: true, RequireUniqueNames: true, Setup: setupScript, Cmds: commands,
	})
}

func scriptFlip(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2, "flip FILE OFFSET")
	rewrite(ts, args[0], func(b []byte) []byte {
		b[number(ts, args[1])] ^= 0x10
		return b
	})
}

func scriptCut(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2, "cut FILE SIZE")
	rewrite(ts, args[0], func(b []byte) []byte { return b[:number(ts, args[1])] })
}

func scriptReplace(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 3, "replace FILE OLD NEW")
	rewrite(ts, args[0], func(b []byte) []byte {
		if !bytes.Contains(b, []byte(args[1])) || len(args[1]) != len(args[2]) {
			ts.Fatalf("%q does not stand in %s, or is not as long as %q", args[1], args[0], args[2])
		}
		return bytes.Replace(b, []byte(args[1]), []byte(args[2]), 1)
	})
}

func rewrite(ts *testscript.TestScript, file string, change func([]byte) []byte) {
	b, err := os.ReadFile(ts.MkAbs(file))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(file), change(b), 0o600))
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

// TestAsAnotherUser: who cannot look into a folder is told so, by every command
// that needs it, and does not see what lies in it.
func TestAsAnotherUser(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p, _ := dev(t, "--data", data, "--user", "anna:an old password")
	p.stop(t, syscall.SIGTERM)
	file := filepath.Join(t.TempDir(), "usher.tar")
	if code, _, said := ends(t, "backup", file, "--data", data); code != 0 {
		t.Fatal(said)
	}
	run := stranger(t, data, file)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"backup", filepath.Join(filepath.Dir(file), "other.tar")}, exitRefused, "hint: run it as the user whose folder it is: sudo -u "},
		{[]string{"restore", file}, exitRefused, "hint: run it as the user"},
		{[]string{"doctor", "--offline"}, exitFindings, `"check":"store.opens","level":"failure"`},
	} {
		code, said := run(append(c.args, "--data", data)...)
		if code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%s: ended with %d, said %s", c.args[0], code, said)
		}
	}
}

// stranger runs usher as a user who cannot look into a folder: as another one
// where that is possible, else after closing the folder.
func stranger(t *testing.T, data, file string) func(args ...string) (code int, said string) {
	t.Helper()
	cmd := func(args ...string) *exec.Cmd { return exec.Command("usher", args...) }
	if os.Getuid() == 0 {
		program := ours(t)
		for _, path := range []string{filepath.Dir(filepath.Dir(data)), filepath.Dir(filepath.Dir(file)), filepath.Dir(filepath.Dir(program))} {
			if err := os.Chmod(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		cmd = func(args ...string) *exec.Cmd {
			c := exec.Command(program, args...)
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 12345, Gid: 12345}}
			return c
		}
	} else if err := errors.Join(os.Chmod(data, 0), os.Chmod(data+".key", 0)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(data, 0o700) }) // so that it can be removed
	return func(args ...string) (int, string) {
		c := cmd(args...)
		said, err := c.CombinedOutput()
		if c.ProcessState == nil {
			t.Fatal(err)
		}
		return c.ProcessState.ExitCode(), string(said)
	}
}

// ours is a copy of the program that everybody can run.
func ours(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("usher")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "usher")
	if err := os.WriteFile(program, b, 0o755); err != nil {
		t.Fatal(err)
	}
	return program
}

package main

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
)

// scriptTerminal runs a command on a pseudo-terminal and types when it is asked.
// What stood on the screen is its output.
func scriptTerminal(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 3, "terminal N FILE|- usher …")
	var asked []string
	if args[1] != "-" {
		asked = strings.Split(strings.TrimRight(ts.ReadFile(args[1]), "\n"), "\n")
	}
	// A question nobody foresaw ends the test, not the patience of its reader.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[2], args[3:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TERM", "NO_COLOR", "USHER_DATA"} {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	screen, err := pty.Start(cmd)
	ts.Check(err)
	defer screen.Close()
	shown, err := converse(screen, asked)
	_, _ = ts.Stdout().Write([]byte(strings.ReplaceAll(shown, "\r\n", "\n")))
	ts.Check(err)
	checkCode(ts, cmd.Wait(), args[0])
}

// converse reads the screen to its end and types each answer when its question
// stands there. The keys ^C and ^D are written so.
func converse(screen io.ReadWriter, asked []string) (string, error) {
	var shown strings.Builder
	from := 0
	for buf := make([]byte, 4096); ; {
		n, err := screen.Read(buf)
		shown.Write(buf[:n])
		for len(asked) > 0 {
			question, typed, _ := strings.Cut(asked[0], "=>")
			at := strings.Index(shown.String()[from:], strings.TrimSpace(question))
			if at < 0 {
				break
			}
			from += at + len(strings.TrimSpace(question))
			asked = asked[1:]
			keys := strings.NewReplacer("^C", "\x03", "^D", "\x04").Replace(strings.TrimSpace(typed))
			if !strings.ContainsAny(keys, "\x03\x04") {
				keys += "\r"
			}
			if _, err := io.WriteString(screen, keys); err != nil {
				return shown.String(), err
			}
		}
		switch {
		case errors.Is(err, syscall.EIO), errors.Is(err, io.EOF): // the other side is closed
			if len(asked) > 0 {
				return shown.String(), errors.New("never asked: " + asked[0])
			}
			return shown.String(), nil
		case err != nil:
			return shown.String(), err
		}
	}
}

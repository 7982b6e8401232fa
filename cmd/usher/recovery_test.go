package main

import (
	"bytes"
	"maps"
	"os"
	"strconv"
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

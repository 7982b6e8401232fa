package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test binary also the program: scripts and tests run
// "usher" as a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"usher": func() { os.Exit(run()) }})
}

// TestScripts plays the transcripts of commands and their errors. What they may
// say beside what every script knows is in scriptCommands.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true, Setup: setupScript, Cmds: scriptCommands(),
	})
}

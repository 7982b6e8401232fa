package sqlite

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// crashFolder names the data folder in which a child of the test writes until
// it is killed.
const crashFolder = "USHER_TEST_CRASH_FOLDER"

// TestKilledProcessLosesNothing kills a writing process and looks for what it
// had said was written.
func TestKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv(crashFolder); dir != "" {
		writeUntilKilled(t, dir)
	}
	dir := t.TempDir() + "/data"
	acknowledged := map[string]bool{}
	for kill := 1; kill <= 4; kill++ {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcessLosesNothing$")
		cmd.Env = append(os.Environ(), crashFolder+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if id, ok := strings.CutPrefix(lines.Text(), "written "); ok {
				acknowledged[id] = true
			}
			if n == 30*kill*kill {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the process ended before it was killed")
		}
		db := open(t, Options{Dir: dir})
		left := present(t, db)
		if len(acknowledged) < 30*kill {
			t.Fatalf("only %d writes before kill %d", len(acknowledged), kill)
		}
		for id := range acknowledged {
			if !left[id] {
				t.Errorf("kill %d: %s was acknowledged and is gone", kill, id)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func writeUntilKilled(t *testing.T, dir string) {
	db := open(t, Options{Dir: dir})
	var out sync.Mutex
	var writers sync.WaitGroup
	for _, w := range numbered(fmt.Sprintf("%d-", os.Getpid()), 8) {
		writers.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d", w, i)
				if err := db.engine.Write(t.Context(), write(id)); err != nil {
					t.Error(err)
					return
				}
				out.Lock()
				fmt.Println("written", id)
				out.Unlock()
			}
		})
	}
	writers.Wait()
}

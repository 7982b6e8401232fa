package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app"
)

// pretend answers on the admin socket of a new data folder as handler does; a
// question for the status is answered with version unless it is "".
func pretend(t *testing.T, version string, handler http.HandlerFunc) (data string) {
	t.Helper()
	data, err := os.MkdirTemp("", "usher-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(data) })
	l, err := net.Listen("unix", filepath.Join(data, app.SocketFile))
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == api.AdminStatus && version != "" {
			_ = json.NewEncoder(w).Encode(api.Status{Version: version, Online: true})
			return
		}
		handler(w, r)
	})}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return data
}

// ends runs usher and returns its exit code and what it said.
func ends(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, said strings.Builder
	cmd := exec.Command("usher", args...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), said.String()
}

func problem(p api.Problem) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", api.ProblemType)
		w.WriteHeader(p.Status)
		_ = json.NewEncoder(w).Encode(p)
	}
}

// TestWhatAServerMayAnswer: each has its exit code, and a message that says what
// to do.
func TestWhatAServerMayAnswer(t *testing.T) {
	t.Parallel()
	own := readBuild().version
	for name, c := range map[string]struct {
		version string
		answer  http.HandlerFunc
		code    int
		said    string
	}{
		"another version": {"9.9.9", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"items":[]}`)) }, 0,
			"warning: the server is usher 9.9.9, this command is usher " + own},
		"not ours": {own, problem(api.Problem{Status: 403, Message: "Not yours", ErrorHint: "Run it as the server's user."}), exitRefused,
			"error: not yours (403)\nhint: run it as the server's user\n"},
		"storage trouble": {own, problem(api.Problem{Status: 503, Message: "Storage is unavailable", ErrorID: "1f"}), exitTrouble,
			"error: storage is unavailable (503, error_id 1f in the server's log)\n"},
		"changed meanwhile": {own, problem(api.Problem{Status: 412, Message: "It changed meanwhile", ErrorHint: "Try again."}), exitClient,
			"error: it changed meanwhile (412)\nhint: try again\n"},
		"no problem document": {own, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, exitTrouble,
			"error: internal Server Error (500)\n"},
		"no JSON": {own, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }, exitTrouble,
			"error: the server does not answer: an answer that is no JSON"},
		"hangs up": {own, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, exitTrouble,
			"error: the server does not answer: "},
		"hangs up at once": {"", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, exitTrouble,
			"error: the server does not answer: "},
		"escapes of a terminal": {own, problem(api.Problem{Status: 404, Message: "There is no \x1b[2Juser"}), exitClient,
			`error: there is no \x1b[2Juser (404)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := pretend(t, c.version, c.answer)
			code, _, said := ends(t, "admin", "users", "list", "--data", data)
			if code != c.code || !strings.HasPrefix(said, c.said) {
				t.Errorf("ended with %d, said\n%s\nwant %d\n%s", code, said, c.code, c.said)
			}
		})
	}
}

// TestInterruptedOrder: the command cannot know what became of it, and says so.
func TestInterruptedOrder(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	data := pretend(t, readBuild().version, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	p := start(t, "admin", "users", "disable", "anna", "--data", data)
	<-arrived
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = p.wait()
	want := "error: interrupted: the order may have been carried out all the same\nhint: look before you repeat it\n"
	if code := p.cmd.ProcessState.ExitCode(); code != exitInterrupt || p.stderr.String() != want {
		t.Errorf("ended with %d, said %s", code, p.stderr)
	}
}

// TestFollow prints events as they happen, one JSON line each, until it is
// interrupted.
func TestFollow(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	_, _ = dev(t, "--data", data, "--user", "anna:an old password")
	order := func(name string) {
		if code, _, said := ends(t, "admin", "users", name, "anna", "--data", data); code != 0 {
			t.Fatalf("%s: %d, %s", name, code, said)
		}
	}
	order("disable")
	p := start(t, "admin", "events", "--follow", "--data", data, "--type", "ADMIN_UPDATE")
	next := func(want string) {
		line, err := p.stdout.ReadString('\n')
		if err != nil || !strings.Contains(line, `"enabled":"`+want+`"`) {
			t.Fatalf("read %q, %v, wanted enabled %s", line, err, want)
		}
	}
	next("false")
	for _, name := range []string{"enable", "disable", "enable"} {
		order(name)
		next(map[string]string{"enable": "true", "disable": "false"}[name])
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = p.wait()
	if code := p.cmd.ProcessState.ExitCode(); code != exitInterrupt || p.stderr.String() != "" {
		t.Errorf("ended with %d, said %s", code, p.stderr)
	}
}

// TestServerWithoutSocket: a process has the folder but cannot be reached.
func TestServerWithoutSocket(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	_, _ = dev(t, "--data", data)
	if err := os.Remove(filepath.Join(data, app.SocketFile)); err != nil {
		t.Fatal(err)
	}
	code, _, said := ends(t, "admin", "users", "list", "--data", data)
	if code != exitTrouble || !strings.Contains(said, "hint: a process that has the folder does not answer on its admin socket") {
		t.Errorf("ended with %d, said %s", code, said)
	}
}

// TestFolderOfAnotherUser is not touched while no server runs: what root writes
// there, the server could not open.
func TestFolderOfAnotherUser(t *testing.T) {
	t.Parallel()
	data := "/"
	if os.Getuid() == 0 {
		data = t.TempDir()
		if err := os.Chown(data, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	code, _, said := ends(t, "admin", "users", "list", "--data", data)
	if code != exitRefused || !strings.Contains(said, "belongs to another user") || !strings.Contains(said, "hint: run it as the user whose folder it is: sudo -u ") {
		t.Errorf("ended with %d, said %s", code, said)
	}
}

// TestLongPath: the socket of a folder with a long path lies elsewhere, and is
// found.
func TestLongPath(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), strings.Repeat("long", 40), "data")
	if err := os.MkdirAll(filepath.Dir(data), 0o700); err != nil {
		t.Fatal(err)
	}
	p, _ := dev(t, "--data", data)
	code, out, said := ends(t, "admin", "status", "--data", data)
	if code != 0 || !strings.Contains(out, `"online":true`) {
		t.Errorf("ended with %d, said %s%s", code, out, said)
	}
	p.stop(t, syscall.SIGTERM)
	if code, out, said := ends(t, "admin", "status", "--data", data); code != 0 || !strings.Contains(out, `"online":false`) {
		t.Errorf("ended with %d, said %s%s", code, out, said)
	}
}

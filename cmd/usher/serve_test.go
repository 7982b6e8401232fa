package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serveReady reads the log until the line that says where it listens.
func serveReady(t *testing.T, dir, extra string) (*process, map[string]string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "key")); err != nil {
		write(t, filepath.Join(dir, "key"), strings.Repeat("6b", 32))
	}
	config := write(t, filepath.Join(dir, "usher.yaml"), "public_url: http://127.0.0.1:8080\nlisten: 127.0.0.1:0\nmanagement_listen: 127.0.0.1:0\n"+
		"data: data\nmaster_key_file: key\ndrain_delay: 0s\n"+extra)
	p := start(t, "serve", "--config", config)
	for {
		for line := range strings.Lines(p.stderr.String()) {
			var said map[string]string
			if err := json.Unmarshal([]byte(line), &said); err == nil && said["msg"] == "listening" {
				return p, said
			}
		}
		if err := p.cmd.Process.Signal(syscall.Signal(0)); err != nil || t.Context().Err() != nil {
			t.Fatalf("not listening:\n%s", p.stderr)
		}
	}
}

func status(t *testing.T, url string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

// TestServeReady: the log says ready with the first realm, not before.
func TestServeReady(t *testing.T) {
	t.Parallel()
	const ready = `"msg":"ready"`
	dir := t.TempDir()
	p, _ := serveReady(t, dir, "")
	if strings.Contains(p.stderr.String(), ready) {
		t.Error("ready without a realm")
	}
	file := write(t, filepath.Join(dir, "realm.json"), realmText)
	if code, _, said := ends(t, "admin", "import", file, "--config", filepath.Join(dir, "usher.yaml")); code != 0 {
		t.Fatalf("not imported: %s", said)
	}
	p.says(t, ready)
	p.stop(t, syscall.SIGTERM)
}

// TestStoppedServer: a command does not wait for ever for a process that has
// the socket and does nothing.
func TestStoppedServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, _ := serveReady(t, dir, "")
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	w := world{
		args: []string{"admin", "status", "--config", filepath.Join(dir, "usher.yaml")}, stdin: strings.NewReader(""),
		stdout: io.Discard, stderr: &said, firstAnswer: 200 * time.Millisecond,
	}
	const want = "error: the server has not answered for 200ms\nhint: its process may be stopped, or stuck on its disk: look at its state, and at its log\n"
	if code := w.main(t.Context()); code != exitTrouble || said.String() != want {
		t.Errorf("ended with %d, said\n%s\nwant %d\n%s", code, &said, exitTrouble, want)
	}
}

// TestServe: starts with no realm, but is not ready; imports the realm file
// into the empty store, and only compares it afterwards.
func TestServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, at := serveReady(t, dir, "")
	if got := status(t, at["management"]+"/health/ready"); got != http.StatusServiceUnavailable {
		t.Errorf("ready without a realm: %d", got)
	}
	if got := status(t, at["management"]+"/health/live"); got != http.StatusOK {
		t.Errorf("not alive: %d", got)
	}
	p.stop(t, syscall.SIGTERM)

	file := write(t, filepath.Join(dir, "realm.json"), realmText)
	p, at = serveReady(t, dir, "realm_file: realm.json\n")
	if got := status(t, at["management"]+"/health/ready"); got != http.StatusOK {
		t.Errorf("not ready: %d", got)
	}
	issuer := curl(t, "http://"+at["listen"]+"/auth/realms/platform/.well-known/openid-configuration").text("issuer")
	if issuer != "http://127.0.0.1:8080/auth/realms/platform" {
		t.Errorf("issuer %s", issuer)
	}
	p.stop(t, syscall.SIGTERM)
	if said := p.stderr.String(); !strings.Contains(said, `"realm imported"`) || !strings.Contains(said, "emailTheme: kept") {
		t.Errorf("the import was not named:\n%s", said)
	}

	write(t, file, "["+realmText+`, {"realm": "new", "enabled": true}]`)
	p, at = serveReady(t, dir, "realm_file: realm.json\n")
	if got := status(t, "http://"+at["listen"]+"/auth/realms/new"); got != http.StatusNotFound {
		t.Errorf("a realm was imported into a full store: %d", got)
	}
	p.stop(t, syscall.SIGTERM)
	if said := p.stderr.String(); !strings.Contains(said, "new: the realm is not stored") {
		t.Errorf("the difference was not named:\n%s", said)
	}
}

// TestServeOpensWhatDevMade: the key beside the folder fits.
func TestServeOpensWhatDevMade(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, r := dev(t, "--data", filepath.Join(dir, "data"))
	p.stop(t, syscall.SIGTERM)
	if err := os.Rename(filepath.Join(dir, "data.key"), filepath.Join(dir, "key")); err != nil {
		t.Fatal(err)
	}
	p, at := serveReady(t, dir, "")
	got := curl(t, "-d", "client_id=anonymous", "-d", "grant_type=password", "-d", "username="+r.Users[0].Username, "-d", "password="+r.Users[0].Password,
		"http://"+at["listen"]+"/auth/realms/platform/protocol/openid-connect/token")
	if got.text("access_token") == "" {
		t.Errorf("no token: %v", got)
	}
	p.stop(t, syscall.SIGTERM)
}

// TestWrongMasterKeyIsExplained.
func TestWrongMasterKeyIsExplained(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p, _ := dev(t, "--data", data)
	p.stop(t, syscall.SIGTERM)
	write(t, data+".key", strings.Repeat("00", 32))
	p = start(t, "dev", "--data", data, "--listen", "127.0.0.1:0")
	if err := p.wait(); err == nil {
		t.Fatal("started under another key")
	}
	if !strings.Contains(p.stderr.String(), "hint: the data was sealed under another master key than "+data+".key; bring that one back\n") {
		t.Errorf("said %s", p.stderr)
	}
}

package deploy

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// server is a running `usher dev` after a login, a refresh, a call and a logout.
type server struct {
	Issuer, API, Management string
	TokenEndpoint           string `json:"token_endpoint"`
}

func dev(t *testing.T, before ...string) (s server, stop func()) {
	t.Helper()
	args := append(before, lab.usher, "dev", "--json", "--listen", "127.0.0.1:0", "--user", "anna:an example password", "--data", filepath.Join(t.TempDir(), "data"))
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		_ = syscall.Kill(programOf(t, cmd.Process.Pid, len(before) > 0), syscall.SIGTERM) // it may have ended
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server: %v", err)
		}
	}
	t.Cleanup(stop)
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s, stop
}

// programOf is the server's process id: a program in front of it does not pass
// signals on.
func programOf(t *testing.T, pid int, behind bool) int {
	t.Helper()
	if !behind {
		return pid
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return child
}

// use does what a client does in its life.
func (s server) use(t *testing.T) {
	t.Helper()
	login := form(t, s.TokenEndpoint, url.Values{"client_id": {"anonymous"}, "grant_type": {"password"}, "username": {"anna"}, "password": {"an example password"}})
	refresh := form(t, s.TokenEndpoint, url.Values{"client_id": {"anonymous"}, "grant_type": {"refresh_token"}, "refresh_token": {login["refresh_token"].(string)}})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.API+"/vms", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+refresh["access_token"].(string))
	answer(t, r)
	form(t, s.Issuer+"/protocol/openid-connect/logout", url.Values{"client_id": {"anonymous"}, "refresh_token": {refresh["refresh_token"].(string)}})
}

func (s server) metrics(t *testing.T) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Management+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	return answer(t, r)
}

func form(t *testing.T, to string, values url.Values) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	out := map[string]any{}
	if body := answer(t, r); body != "" {
		if err := json.Unmarshal([]byte(body), &out); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
	}
	return out
}

func answer(t *testing.T, r *http.Request) string {
	t.Helper()
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode >= 300 {
		t.Fatalf("%s: %d %v %s", r.URL, got.StatusCode, err, body)
	}
	return string(body)
}

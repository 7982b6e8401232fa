package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

const formType = "Content-Type: application/x-www-form-urlencoded"

// TestDocumentationByCurl sends the documentation's three requests as printed
// there: with blanks after each &, and with line breaks, on refresh even before
// the first name.
func TestDocumentationByCurl(t *testing.T) {
	t.Parallel()
	_, r := dev(t, "--user", "user@example.org:a pass;word %26+&=ü 😀", "--user", "other:x")
	for name, gap := range map[string]string{"blanks": " ", "line breaks": "\n    "} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := strings.ReplaceAll("client_id=anonymous&~grant_type=password&~response_type=token&~scope=openid&~username="+
				formValue(r.Users[0].Username)+"&~password="+formValue(r.Users[0].Password), "~", gap)
			first := curl(t, "-X", "POST", "-H", formType, "-d", form, r.TokenEndpoint)
			documented(t, first)
			list := string(curlText(t, "-X", "GET", "-H", "Authorization: Bearer "+first.text("access_token"), r.API+"/vms"))
			if strings.Count(list, `"uuid"`) != 3 {
				t.Errorf("VideoManagers: %s", list)
			}
			form = strings.ReplaceAll("~grant_type=refresh_token&~client_id=anonymous&~refresh_token="+first.text("refresh_token"), "~", gap)
			second := curl(t, "-X", "POST", "-H", formType, "-d", form, r.TokenEndpoint)
			documented(t, second)
			if first.text("session_state") != second.text("session_state") {
				t.Error("the session changed at the refresh")
			}
		})
	}
}

// documented checks that every member of the documented answer is there with
// its type, and no other.
func documented(t *testing.T, a answer) {
	t.Helper()
	for name, want := range map[string]any{"expires_in": 300.0, "refresh_expires_in": 3600.0, "token_type": "bearer",
		"not-before-policy": 0.0, "scope": "openid profile email"} {
		if a[name] != want {
			t.Errorf("%s is %v, want %v", name, a[name], want)
		}
	}
	for _, name := range []string{"access_token", "refresh_token", "id_token"} {
		if strings.Count(a.text(name), ".") != 2 {
			t.Errorf("%s is no JWT: %v", name, a[name])
		}
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(a.text("session_state")) {
		t.Errorf("session_state %v", a["session_state"])
	}
	if len(a) != 9 {
		t.Errorf("%d members: %v", len(a), a)
	}
}

// TestPrintedLinesWork pastes what `usher dev` prints into a shell.
func TestPrintedLinesWork(t *testing.T) {
	t.Parallel()
	p := start(t, "dev", "--listen", "localhost:0", "--user", "it's:a 'quoted' $(password) `x` \"y\" \\")
	var lines []string
	s := bufio.NewScanner(p.stdout)
	for s.Scan() {
		line := s.Text()
		if strings.HasPrefix(line, "ANSWER=") || strings.HasPrefix(line, "curl ") {
			lines = append(lines, line)
		}
		if len(lines) == 3 {
			break
		}
	}
	if len(lines) != 3 || !strings.Contains(lines[0], "http://localhost:") {
		t.Fatalf("printed %q", lines)
	}
	out, err := exec.CommandContext(t.Context(), "sh", "-c", strings.Join(lines, "\necho\n")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if strings.Count(string(out), `"access_token"`) != 2 || strings.Count(string(out), `"uuid"`) != 3 {
		t.Errorf("the lines gave:\n%s", out)
	}
	p.stop(t, os.Interrupt)
}

// TestRestart: the printed passwords, keys and sessions survive; a temporary
// folder does not.
func TestRestart(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p, r := dev(t, "--data", data)
	login := func(r readyObject) answer {
		return curl(t, "-d", "client_id=anonymous", "-d", "grant_type=password", "-d", "username="+r.Users[0].Username,
			"-d", "password="+r.Users[0].Password, r.TokenEndpoint)
	}
	first := login(r)
	if rest := p.stop(t, syscall.SIGTERM); rest != "" || p.stderr.String() != "" {
		t.Errorf("not silent after its object: %q %q", rest, p.stderr)
	}
	for path, want := range map[string]os.FileMode{data: 0o700, data + ".key": 0o600, filepath.Join(data, usersFile): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %04o, want %04o", path, got, want)
		}
	}
	address, _, _ := strings.Cut(strings.TrimPrefix(r.Issuer, "http://"), "/") // the issuer stays the same
	q, again := dev(t, "--data", data, "--listen", address)
	if len(again.Users) != 2 || again.Users[0] != r.Users[0] || again.Users[1] != r.Users[1] {
		t.Errorf("users %v became %v", r.Users, again.Users)
	}
	second := curl(t, "-d", "client_id=anonymous", "-d", "grant_type=refresh_token", "-d", "refresh_token="+first.text("refresh_token"), again.TokenEndpoint)
	if first.text("session_state") != second.text("session_state") {
		t.Error("the session did not survive")
	}
	login(again)
	if q.stop(t, syscall.SIGTERM); q.stderr.String() != "" {
		t.Errorf("the second start named: %s", q.stderr)
	}
}

func TestTemporaryFolderIsRemoved(t *testing.T) {
	t.Parallel()
	p, _ := dev(t, "--user", "a:b")
	tmp := ""
	for _, e := range p.cmd.Env {
		if v, ok := strings.CutPrefix(e, "TMPDIR="); ok {
			tmp = v
		}
	}
	if found, err := filepath.Glob(tmp + "/usher-dev-*/data"); err != nil || len(found) != 1 {
		t.Fatalf("no temporary folder: %v %v", found, err)
	}
	p.stop(t, syscall.SIGTERM)
	if found, err := filepath.Glob(tmp + "/usher-dev-*"); err != nil || len(found) != 0 {
		t.Errorf("left behind: %v %v", found, err)
	}
}

const realmText = `{"realm": "platform", "enabled": true, "accessTokenLifespan": 60,
"clients": [{"clientId": "anonymous", "publicClient": true}],
"users": [{"username": "anna", "enabled": true, "credentials": [{"type": "password", "value": "one"}]}],
"emailTheme": "keycloak"}`

// TestRealmFile: warnings are named, users print, and a second start names what
// the file says differently and keeps what is stored.
func TestRealmFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, data := write(t, filepath.Join(dir, "realm.json"), realmText), filepath.Join(dir, "data")
	p, r := dev(t, "--data", data, "--realm-file", file, "--user", "guest:two")
	if want := (keptUser{"anna", "one"}); len(r.Users) != 2 || r.Users[1] != want {
		t.Errorf("users %v", r.Users)
	}
	if got := curl(t, "-d", "client_id=anonymous&grant_type=password&username=guest&password=two", r.TokenEndpoint); got["expires_in"] != 60.0 {
		t.Errorf("expires_in %v", got["expires_in"])
	}
	p.stop(t, syscall.SIGTERM)
	if want := "warning: " + file + ": emailTheme: kept, but not used by this release (line 4)\n"; p.stderr.String() != want {
		t.Errorf("first start said %q, want %q", p.stderr, want)
	}
	write(t, file, strings.NewReplacer("60", "90", `"one"`, `"other"`).Replace(realmText))
	p, r = dev(t, "--data", data, "--realm-file", file, "--user", "guest:three")
	if got := curl(t, "-d", "client_id=anonymous&grant_type=password&username=anna&password=one", r.TokenEndpoint); got["expires_in"] != 60.0 {
		t.Errorf("expires_in %v: what exists was not kept", got["expires_in"])
	}
	if len(r.Users) != 0 {
		t.Errorf("printed %v, which are known to be wrong", r.Users)
	}
	p.stop(t, syscall.SIGTERM)
	for _, line := range []string{
		"kept as stored: platform: accessTokenLifespan: stored 60, file 90\n",
		"kept as stored: platform: users[\"anna\"]: the password differs\n",
		"kept as stored: platform: users[\"guest\"]: the password differs\n",
	} {
		if !strings.Contains(p.stderr.String(), line) {
			t.Errorf("missing %q in:\n%s", line, p.stderr)
		}
	}
}

// TestOnlyWhatWorksIsPrinted: of given passwords those that are stored, and
// nobody is made up beside the users a kept folder has.
func TestOnlyWhatWorksIsPrinted(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p, _ := dev(t, "--data", data, "--user", "anna:one", "--user", "ben:two")
	p.stop(t, syscall.SIGTERM)
	p, r := dev(t, "--data", data, "--user", "anna:other", "--user", "Ben:two", "--user", "carl:three")
	if want := []keptUser{{"Ben", "two"}, {"carl", "three"}}; !slices.Equal(r.Users, want) {
		t.Errorf("printed %v, want %v", r.Users, want)
	}
	p.stop(t, syscall.SIGTERM)
	p, r = dev(t, "--data", data)
	slices.SortFunc(r.Users, func(a, b keptUser) int { return strings.Compare(a.Username, b.Username) })
	if want := []keptUser{{"anna", ""}, {"ben", ""}, {"carl", ""}}; !slices.Equal(r.Users, want) {
		t.Errorf("printed %v, want %v", r.Users, want)
	}
	p.stop(t, syscall.SIGTERM)
}

// TestTakenManagementPort blames the flag that names it, and the host of an
// issuer is written small.
func TestTakenManagementPort(t *testing.T) {
	t.Parallel()
	_, r := dev(t, "--listen", "LOCALHOST:0", "--user", "a:b")
	if !strings.HasPrefix(r.Issuer, "http://localhost:") {
		t.Errorf("issuer %s", r.Issuer)
	}
	p := start(t, "dev", "--listen", "127.0.0.1:0", "--management", strings.TrimPrefix(r.Management, "http://"))
	if err := p.wait(); err == nil || !strings.Contains(p.stderr.String(), "choose another address with --management, ") {
		t.Errorf("%v: %s", err, p.stderr)
	}
}

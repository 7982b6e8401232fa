package main

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shell runs a line of sh that ends in `exec "$@"`, which becomes usher: what
// the line does to itself, the program starts with.
func shell(t *testing.T, line string, env []string, files []*os.File, args ...string) *process {
	t.Helper()
	path, err := exec.LookPath("usher")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", append([]string{"-c", line, "sh", path}, args...)...)
	cmd.Env, cmd.ExtraFiles = append(os.Environ(), env...), files
	return launch(t, cmd)
}

// serveConfig writes a configuration and a key beside it.
func serveConfig(t *testing.T, dir, extra string) string {
	t.Helper()
	write(t, filepath.Join(dir, "key"), strings.Repeat("6b", 32))
	write(t, filepath.Join(dir, "realm.json"), realmText)
	return write(t, filepath.Join(dir, "usher.yaml"), "public_url: http://127.0.0.1:8080\nlisten: 127.0.0.1:0\nmanagement_listen: 127.0.0.1:0\n"+
		"data: data\nrealm_file: realm.json\ndrain_delay: 0s\n"+extra)
}

// TestServiceManager: sockets are taken over by name, the master key comes as a
// credential, and the manager hears when to wait and when not to.
func TestServiceManager(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	heard := listenNotify(t, filepath.Join(dir, "notify"))
	public, management := listenFile(t), listenFile(t)
	config := serveConfig(t, dir, "master_key_file: credential:master.key\n")
	credentials := filepath.Join(dir, "credentials")
	move(t, filepath.Join(dir, "key"), filepath.Join(credentials, "master.key"))
	if err := os.Chmod(filepath.Join(credentials, "master.key"), 0o440); err != nil { // as an access list shows
		t.Fatal(err)
	}
	p := shell(t, `LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$@"`, []string{
		"LISTEN_FDS=2", "LISTEN_FDNAMES=management:public", "WATCHDOG_USEC=30000000",
		"NOTIFY_SOCKET=" + filepath.Join(dir, "notify"), "CREDENTIALS_DIRECTORY=" + credentials,
	}, []*os.File{management.file, public.file}, "serve", "--config", config)
	heard.waits(t, p, "READY=1", "WATCHDOG=1")
	if got := status(t, "http://"+management.address+"/health/ready"); got != http.StatusOK {
		t.Errorf("readiness %d", got)
	}
	if got := status(t, "http://"+public.address+"/auth/realms/platform"); got != http.StatusOK {
		t.Errorf("the public socket answers %d", got)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	heard.waits(t, p, "RELOADING=1", "READY=1")
	p.stop(t, syscall.SIGTERM)
	heard.waits(t, p, "STOPPING=1")
	for _, want := range []string{`"what":"settings"`, `"what":"realm"`} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("%s was not reloaded", want)
		}
	}
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// socket is a listening one, to hand over.
type socket struct {
	file    *os.File
	address string
}

func listenFile(t *testing.T) socket {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return socket{f, l.Addr().String()}
}

// patience is for a process that ended without a word.
const patience = time.Minute

// notifications is the socket of a service manager.
type notifications struct{ conn *net.UnixConn }

func listenNotify(t *testing.T, path string) *notifications {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &notifications{conn}
}

// waits until each of the states was heard, in any order.
func (n *notifications) waits(t *testing.T, p *process, states ...string) {
	t.Helper()
	missing := map[string]bool{}
	for _, s := range states {
		missing[s] = true
	}
	if err := n.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	for len(missing) > 0 {
		size, err := n.conn.Read(buffer)
		if err != nil {
			t.Fatalf("%v was not heard: %v\n%s", missing, err, p.stderr)
		}
		for line := range strings.Lines(string(buffer[:size])) {
			delete(missing, strings.TrimSpace(line))
		}
	}
}

// TestUnknownSocketsAreRefused with the name that is known.
func TestUnknownSocketsAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, other := listenFile(t), listenFile(t)
	p := shell(t, `LISTEN_PID=$$ exec "$@"`, []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=public:metrics"},
		[]*os.File{one.file, other.file}, "serve", "--config", serveConfig(t, dir, "master_key_file: key\n"))
	if err := p.wait(); err == nil || !strings.Contains(p.stderr.String(), `1 sockets named "metrics"`) {
		t.Errorf("%v\n%s", err, p.stderr)
	}
}

// TestServeIsHardened: no core dumps, closed to debuggers, and files for its
// own user alone whatever the mask was.
func TestServeIsHardened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := serveConfig(t, dir, "master_key_file: key\n")
	heard := listenNotify(t, filepath.Join(dir, "notify"))
	cmd := exec.Command("sh", "-c", `umask 000; ulimit -c unlimited 2>/dev/null; exec "$@"`, "sh", ownBinary(t, dir), "serve", "--config", config)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(dir, "notify"))
	if os.Getuid() == 0 { // root may look everywhere: the proof needs another user
		giveAway(t, dir)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	p := launch(t, cmd)
	heard.waits(t, p, "READY=1")
	proc := filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid))
	if got := procLine(t, filepath.Join(proc, "limits"), "Max core file size"); strings.Join(strings.Fields(got), " ") != "Max core file size 0 0 bytes" {
		t.Errorf("core dumps: %q", got)
	}
	if got := procLine(t, filepath.Join(proc, "status"), "Umask:"); got != "Umask:\t0077" {
		t.Errorf("mask %q", got)
	}
	// The kernel gives /proc/PID of a process that is not dumpable to root.
	info, err := os.Stat(filepath.Join(proc, "environ"))
	if err != nil {
		t.Fatal(err)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid != 0 {
		t.Errorf("/proc/PID/environ belongs to %d", uid)
	}
	err = filepath.WalkDir(filepath.Join(dir, "data"), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	p.stop(t, syscall.SIGTERM)
}

const nobody = 65534

// ownBinary is the program under a path that other users may enter.
func ownBinary(t *testing.T, dir string) string {
	t.Helper()
	path, err := exec.LookPath("usher")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, "usher")
	if err := os.WriteFile(own, program, 0o755); err != nil {
		t.Fatal(err)
	}
	return own
}

func giveAway(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, nobody, nobody))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
}

func procLine(t *testing.T, path, begins string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), begins) {
			return lines.Text()
		}
	}
	t.Fatalf("%s says nothing of %s", path, begins)
	return ""
}

// TestSettingsAreReloaded: the level of the log is in force at once, and what
// needs a restart is named; a file that became wrong changes nothing.
func TestSettingsAreReloaded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	heard := listenNotify(t, filepath.Join(dir, "notify"))
	config := serveConfig(t, dir, "master_key_file: key\n")
	p := shell(t, `exec "$@"`, []string{"NOTIFY_SOCKET=" + filepath.Join(dir, "notify")}, nil, "serve", "--config", config)
	heard.waits(t, p, "READY=1")
	reload := func(extra string) {
		t.Helper()
		serveConfig(t, dir, "master_key_file: key\n"+extra)
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		heard.waits(t, p, "RELOADING=1", "READY=1")
	}
	reload("log_level: warn\napi_rate_limit: 7\n")
	p.says(t, `"settings":"api_rate_limit"`)
	said := p.stderr.String()
	reload("log_level: warn\ncolour: red\n")
	p.says(t, "colour: there is no such setting")
	if got := strings.TrimPrefix(p.stderr.String(), said); strings.Contains(got, `"level":"INFO"`) {
		t.Errorf("after the level and a mistake:\n%s", got)
	}
	p.stop(t, syscall.SIGTERM)
}

// TestHealthCommand asks a server by the variable that the server has.
func TestHealthCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, at := serveReady(t, dir, "")
	address := strings.TrimPrefix(at["management"], "http://")
	for _, c := range []struct {
		args []string
		want string
		fail bool
	}{
		{[]string{"health", "--live"}, "UP\n", false},
		{[]string{"health"}, "not ready: Realms: no realm", true},
	} {
		p := shell(t, `exec "$@"`, []string{"USHER_MANAGEMENT_LISTEN=" + address}, nil, c.args...)
		out, _ := p.stdout.ReadString('\n')
		err := p.wait()
		if (err != nil) != c.fail || !strings.Contains(out+p.stderr.String(), c.want) {
			t.Errorf("%v: %v %s%s", c.args, err, out, p.stderr)
		}
	}
}

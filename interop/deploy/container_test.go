package deploy

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// image is what buildah says of one.
type image struct {
	Docker struct {
		Config struct {
			User, StopSignal string
			Env              []string
			Entrypoint, Cmd  []string
			Labels           map[string]string
			Volumes          map[string]struct{}
			Healthcheck      struct{ Test []string }
		} `json:"config"`
	}
}

// buildah works in folders of the test's own, without an engine or a daemon.
type buildah struct{ dir string }

func (b buildah) run(t *testing.T, args ...string) string {
	t.Helper()
	return strings.TrimSpace(output(t, "buildah", append([]string{
		"--root", filepath.Join(b.dir, "storage"), "--runroot", filepath.Join(b.dir, "run"), "--storage-driver", "vfs",
	}, args...)...))
}

// TestContainer builds the image from nothing and runs its binary in its root,
// as its user and with its environment: it answers, is ready by its own health
// check, and stops when it is told to.
func TestContainer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, context := buildah{dir}, filepath.Join(dir, "context")
	if err := os.MkdirAll(filepath.Join(context, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(lab.usher)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(context, "usher"), string(binary))
	printed(t, context, "container", "Containerfile")
	b.run(t, "bud", "--isolation", "chroot", "--format", "docker", "--build-arg", "VERSION=v9", "--tag", "usher", context)
	var made image
	if err := json.Unmarshal([]byte(b.run(t, "inspect", "--type", "image", "usher")), &made); err != nil {
		t.Fatal(err)
	}
	config := made.Docker.Config
	if config.User != "65532:65532" || config.StopSignal != "SIGTERM" || config.Labels["org.opencontainers.image.version"] != "v9" ||
		strings.Join(config.Healthcheck.Test, " ") != "CMD /usher health" {
		t.Errorf("the image says %+v", config)
	}
	root := b.run(t, "mount", b.run(t, "from", "usher"))
	t.Cleanup(func() { b.run(t, "rm", "--all") })
	if files := strings.Fields(output(t, "find", root, "-mindepth", "1", "-maxdepth", "1", "-printf", "%f ")); strings.Join(files, " ") != "data usher" && strings.Join(files, " ") != "usher data" {
		t.Errorf("the root holds %v", files)
	}
	runInside(t, root, config.Env, append(config.Entrypoint, config.Cmd...), config.Healthcheck.Test[1:])
}

// runInside runs the image's command in its root, and then its health check.
func runInside(t *testing.T, root string, env, command, health []string) {
	t.Helper()
	const user = 65532
	key := write(t, filepath.Join(root, "run", "secrets", "master.key"), strings.Repeat("6b", 32))
	if err := os.Chown(key, user, user); err != nil {
		t.Fatal(err)
	}
	public, management := freeAddress(t), freeAddress(t)
	env = append(env, "USHER_PUBLIC_URL=http://"+public, "USHER_LISTEN="+public, "USHER_MANAGEMENT_LISTEN="+management, "USHER_DRAIN_DELAY=0s")
	inside := func(args []string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		cmd.Env, cmd.Dir = env, "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: user, Gid: user}}
		return cmd
	}
	server := inside(command)
	said, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	log := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(said) // ends with the server
		log <- string(text)
	}()
	answers(t, "http://"+management+"/health/live")
	out, err := inside(append(health, "--live")).CombinedOutput()
	if err != nil || string(out) != "UP\n" {
		t.Errorf("health --live: %v %s", err, out)
	}
	// There is no realm yet: it lives, and is not ready.
	if out, err := inside(health).CombinedOutput(); err == nil || !strings.Contains(string(out), "no realm") {
		t.Errorf("health: %v %s", err, out)
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	text := <-log
	if err := server.Wait(); err != nil {
		t.Errorf("the server: %v\n%s", err, text)
	}
	if info, err := os.Stat(filepath.Join(root, "data", "usher", "usher.db")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the data is not where the volume is: %v", err)
	}
}

func answers(t *testing.T, url string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := http.DefaultClient.Do(r)
		if err == nil {
			got.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

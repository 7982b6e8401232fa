package config_test

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/config"
)

// TestCredentials: a file that the service manager hands over is named by
// itself, and an access list's rights of the group are nobody else's.
func TestCredentials(t *testing.T) {
	t.Parallel()
	named := strings.NewReplacer(": /key", ": credential:master.key", ": /tls", ": credential:tls.key").Replace(safe)
	for _, c := range []struct{ name, file, folder, want string }{
		{"given", named, "/run/credentials/usher.service", ""},
		{"no manager", named, "", "CREDENTIALS_DIRECTORY is not set"},
		{"a path", strings.Replace(safe, ": /key", ": credential:../key", 1), "/run/credentials/usher.service", "does not name a credential"},
		{"no name", strings.Replace(safe, ": /key", ": \"credential:\"", 1), "/run/credentials/usher.service", "does not name a credential"},
		{"not there", strings.Replace(safe, ": /key", ": credential:other", 1), "/run/credentials/usher.service", "/run/credentials/usher.service/other does not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := good()
			d["/run/credentials/usher.service/master.key"] = config.FileFact{Mode: 0o440, UID: 7}
			d["/run/credentials/usher.service/tls.key"] = config.FileFact{Mode: 0o444, UID: 7}
			got := problems(config.Sources{File: "u.yaml", FileData: []byte(c.file), Credentials: c.folder}, d)
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("got %s", got)
			}
		})
	}
	d := good()
	d["/key"] = config.FileFact{Mode: fs.FileMode(0o440), UID: 7}
	if got := problems(config.Sources{File: "u.yaml", FileData: []byte(safe), Credentials: "/run/credentials/usher.service"}, d); !strings.Contains(got, "others may read it") {
		t.Errorf("a file elsewhere passed for a credential: %s", got)
	}
}

// TestCredentialsFromBeside: who is not the service cannot see what it gets, and
// that is no mistake; a flag says where it lies.
func TestCredentialsFromBeside(t *testing.T) {
	t.Parallel()
	named := strings.NewReplacer(": /key", ": credential:master.key", ": /tls", ": credential:tls.key").Replace(safe)
	s := config.Sources{File: "u.yaml", FileData: []byte(named), Beside: true}
	if got := problems(s, good()); got != "" {
		t.Errorf("got %s", got)
	}
	c, _ := config.Load(s)
	if c.Hidden("master_key_file") != "credential:master.key" || c.MasterKeyFile != "" || c.Hidden("data") != "" {
		t.Errorf("%q %q", c.Hidden("master_key_file"), c.MasterKeyFile)
	}
	s.Flags = map[string]string{"master-key-file": "/key"}
	if c, _ = config.Load(s); c.Hidden("master_key_file") != "" || c.MasterKeyFile != "/key" {
		t.Errorf("%q %q", c.Hidden("master_key_file"), c.MasterKeyFile)
	}
	s.FileData = []byte(strings.Replace(named, "credential:master.key", "credential:../key", 1))
	if got := problems(s, good()); !strings.Contains(got, "does not name a credential") {
		t.Errorf("got %s", got)
	}
}

// TestRetention takes days, hours and 0.
func TestRetention(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"90d": 2160 * time.Hour, "2160h": 2160 * time.Hour, "0": 0, "0d": 0, "36500d": 36500 * 24 * time.Hour} {
		c, p := config.Load(config.Sources{Flags: map[string]string{"event-retention": text}})
		if len(p) > 0 || c.EventRetention != want {
			t.Errorf("%s: %v %v", text, c.EventRetention, p)
		}
	}
	for _, text := range []string{"", "90", "-1d", "1.5d", "30m", "36501d", "99999999999999d", "d"} {
		if c, p := config.Load(config.Sources{Flags: map[string]string{"event-retention": text}}); len(p) != 1 || c.EventRetention != config.Defaults().EventRetention {
			t.Errorf("%q: %v %v", text, c.EventRetention, p)
		}
	}
	if _, p := config.Load(config.Sources{Flags: map[string]string{"log-pii": "yes"}}); len(p) != 1 {
		t.Errorf("log_pii yes: %v", p)
	}
}

// TestChanged names the settings that differ, each of them.
func TestChanged(t *testing.T) {
	t.Parallel()
	a := config.Defaults()
	if got := config.Changed(&a, &a); len(got) > 0 {
		t.Errorf("from itself: %v", got)
	}
	flags, want := map[string]string{}, []string{}
	for _, s := range config.Settings() {
		flags[s.Flag()], want = other[s.Name], append(want, s.Name)
	}
	b, p := config.Load(config.Sources{Flags: flags})
	if len(p) > 0 {
		t.Fatal(p)
	}
	if diff := cmp.Diff(want, config.Changed(&a, &b)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// other has for each setting a value that is not its default.
var other = map[string]string{
	"public_url": "https://login.example.org", "listen": "127.0.0.1:1", "management_listen": "127.0.0.1:2",
	"tls_cert_file": "/crt", "tls_key_file": "/tls", "data": "/data", "master_key_file": "/key", "realm_file": "/realm.json",
	"trusted_proxies": "10.0.0.1", "log_format": "text", "log_level": "warn", "log_pii": "true", "event_retention": "1d",
	"keycloak_metrics": "true", "api_rate_limit": "1", "drain_delay": "1s", "shutdown_timeout": "1s", "revocation_grace": "1s", "serve": "login",
}

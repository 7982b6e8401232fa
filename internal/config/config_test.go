package config_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/config"
)

// disk is a file system of facts.
type disk map[string]config.FileFact

func (d disk) files() config.Files {
	return config.Files{
		Stat: func(path string) (config.FileFact, error) {
			fact, ok := d[path]
			if !ok {
				return config.FileFact{}, fs.ErrNotExist
			}
			if fact.UID < 0 {
				return config.FileFact{}, errors.New("stat " + path + ": permission denied")
			}
			return fact, nil
		},
		Real: filepath.Clean,
		MasterKey: func(path string) error {
			switch fact := d[path]; {
			case fact.UID == 0:
				return fmt.Errorf("open %s: %w", path, fs.ErrPermission)
			case fact.Mode == 0o400:
				return errors.New(path + ": not a key")
			}
			return nil
		},
		Certificate: func(cert, _ string) error {
			if d[cert].Mode == 0o400 {
				return errors.New("no PEM")
			}
			return nil
		},
		UID: 7,
	}
}

func good() disk {
	return disk{
		"/data": {Mode: fs.ModeDir | 0o700, UID: 7}, "/key": {Mode: 0o600, UID: 7},
		"/crt": {Mode: 0o644, UID: 0}, "/tls": {Mode: 0o600, UID: 7}, "/realm.json": {Mode: 0o644, UID: 0},
	}
}

const safe = "public_url: https://login.example.org\nlisten: 0.0.0.0:8443\ntls_cert_file: /crt\ntls_key_file: /tls\ndata: /data\nmaster_key_file: /key\n"

// problems loads and checks.
func problems(s config.Sources, d disk) string {
	c, p := config.Load(s)
	if !p.Unreadable() {
		p = append(p, c.Check(d.files())...)
	}
	return p.Error()
}

// TestProblems: each mistake with its place and fix, all at once.
func TestProblems(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file string
		env, flags map[string]string
		disk       func(disk)
		want       string
	}{
		{name: "safe", file: safe},
		{name: "nothing said", want: `public_url: is not set
  fix: write the origin people use, e.g. public_url: https://login.example.org
data: is not set
  fix: name the folder for the database, e.g. data: /var/lib/usher
master_key_file: is not set
  fix: name a file with 32 random bytes in base64, e.g. made by: (umask 077; head -c 32 /dev/urandom | base64 > usher.key)`},
		{name: "plain http", file: strings.Replace(safe, "https://", "http://", 1), want: `u.yaml:1: public_url: http://login.example.org is plain http: passwords and tokens would cross the network in clear
  fix: use https://login.example.org, with tls_cert_file and tls_key_file or behind a proxy named in trusted_proxies`},
		{name: "plain http on loopback", file: "public_url: http://localhost:8080\ndata: /data\nmaster_key_file: /key\n"},
		{name: "a path", file: strings.Replace(safe, ".org", ".org/auth", 1), want: `u.yaml:1: public_url: "https://login.example.org/auth" is more than an origin
  fix: leave out path, query, fragment and user; Usher adds /auth itself`},
		{name: "not a URL", file: strings.Replace(safe, "https://", "", 1), want: `u.yaml:1: public_url: "login.example.org" is not an http or https URL
  fix: write the origin people use, e.g. public_url: https://login.example.org`},
		{name: "unknown key", file: safe + "public_ulr: x\n", want: `u.yaml:7: public_ulr: there is no such setting
  fix: did you mean public_url?`},
		{name: "unknown key, nothing near", file: safe + "colour: x\n", want: "u.yaml:7: colour: there is no such setting\n  fix: remove it; `usher serve --help` lists the settings"},
		{name: "unknown variable", file: safe, env: map[string]string{"USHER_LISTEM": ":1"}, want: `environment: USHER_LISTEM: there is no such setting
  fix: did you mean USHER_LISTEN?`},
		{name: "nearly known variables", file: safe, env: map[string]string{"USHER_TRUSTED_PROXY": "x", "USHER_TLS_CERT": "x", "USHER_DATA_DIR": "x", "USHER_COLOUR": "x"},
			want: `environment: USHER_COLOUR: there is no such setting
  fix: remove it; ` + "`usher serve --help`" + ` lists the settings
environment: USHER_DATA_DIR: there is no such setting
  fix: did you mean USHER_DATA?
environment: USHER_TLS_CERT: there is no such setting
  fix: did you mean USHER_TLS_CERT_FILE?
environment: USHER_TRUSTED_PROXY: there is no such setting
  fix: did you mean USHER_TRUSTED_PROXIES?`},
		{name: "a cluster's variables", file: safe, env: map[string]string{"USHER_SERVICE_HOST": "10.0.0.1", "USHER_PORT": "tcp://10.0.0.1:80",
			"USHER_TEST_SCALE": "1", "USHER_LOGIN_SERVICE_PORT_HTTPS": "443", "USHER_PORT_8080_TCP_ADDR": "10.0.0.1", "USHER_PORT_53_UDP": "x"}},
		{name: "a wrong variable", file: safe, env: map[string]string{"USHER_DRAIN_DELAY": "soon"}, want: `environment: USHER_DRAIN_DELAY: "soon" is not a duration from 0s to 1h, such as 2s
  fix: write e.g. USHER_DRAIN_DELAY=2s`},
		{name: "a wrong flag", file: safe, flags: map[string]string{"serve": "mail"}, want: `flag: --serve: "mail" is neither login nor api
  fix: write e.g. --serve login,api`},
		{name: "files of another kind", file: safe + "realm_file: /data\n", disk: func(d disk) {
			d["/crt"], d["/key"] = config.FileFact{Mode: 0o400}, config.FileFact{Mode: 0o400, UID: 7}
		}, want: `u.yaml:3: tls_cert_file: /crt with /tls: no PEM
  fix: name a certificate chain and its private key, both in PEM and readable
u.yaml:6: master_key_file: /key: not a key
  fix: bring the key back, or for a new data folder make one: (umask 077; head -c 32 /dev/urandom | base64 > /key)
u.yaml:7: realm_file: /data is not a file
  fix: correct the path`},
		{name: "root's key", file: safe, disk: func(d disk) { d["/key"] = config.FileFact{Mode: 0o600} }, want: `u.yaml:6: master_key_file: open /key: permission denied
  fix: chown 7 /key`},
		{name: "YAML", file: "listen: [1\n", want: "…"},
		{name: "twice", file: safe + "data: /other\n", want: "…"},
		{name: "a list of settings", file: "- listen\n", want: `u.yaml:1: file: is not a list of settings
  fix: write lines such as listen: 127.0.0.1:8080`},
		{name: "wrong form", file: safe + "drain_delay: [1s, 2s]\n", want: `u.yaml:7: drain_delay: has the wrong form
  fix: write e.g. drain_delay: 2s`},
		{name: "wrong values", file: safe + "drain_delay: soon\napi_rate_limit: -1\ntrusted_proxies: [here, 0.0.0.0/0, there]\nserve: [mail]\nlog_format: xml\nlog_level: loud\n", want: `u.yaml:7: drain_delay: "soon" is not a duration from 0s to 1h, such as 2s
  fix: write e.g. drain_delay: 2s
u.yaml:8: api_rate_limit: "-1" is not a whole number from 0 on
  fix: write e.g. api_rate_limit: 100
u.yaml:9: trusted_proxies: "here" is neither an address nor a prefix such as 10.0.0.0/24
  fix: write e.g. trusted_proxies: [10.0.0.5/32]
u.yaml:9: trusted_proxies: "there" is neither an address nor a prefix such as 10.0.0.0/24
  fix: write e.g. trusted_proxies: [10.0.0.5/32]
u.yaml:10: serve: "mail" is neither login nor api
  fix: write e.g. serve: [login, api]
u.yaml:9: trusted_proxies: 0.0.0.0/0 is nearly everybody: any of them could forge client addresses
  fix: name the proxies' own addresses, e.g. 10.0.0.5/32
u.yaml:11: log_format: "xml" is not a format
  fix: write text or json
u.yaml:12: log_level: "loud" is not a level
  fix: write debug, info, warn or error`},
		{name: "missing files", file: safe + "realm_file: /none.json\n", disk: func(d disk) { clear(d) }, want: `u.yaml:3: tls_cert_file: /crt does not exist
  fix: correct the path
u.yaml:4: tls_key_file: /tls does not exist
  fix: correct the path
u.yaml:6: master_key_file: /key does not exist
  fix: make one: (umask 077; head -c 32 /dev/urandom | base64 > /key)
u.yaml:7: realm_file: /none.json does not exist
  fix: correct the path`},
		{name: "wide modes", file: safe, disk: func(d disk) {
			d["/data"] = config.FileFact{Mode: fs.ModeDir | 0o750, UID: 7}
			d["/key"] = config.FileFact{Mode: 0o640, UID: 7}
			d["/tls"] = config.FileFact{Mode: 0o644, UID: 7}
		}, want: `u.yaml:4: tls_key_file: /tls has mode 0644: others may read it
  fix: chmod 600 /tls
u.yaml:5: data: /data has mode 0750: others may look inside
  fix: chmod 700 /data
u.yaml:6: master_key_file: /key has mode 0640: others may read it
  fix: chmod 600 /key`},
		{name: "foreign owners", file: safe, disk: func(d disk) {
			d["/data"] = config.FileFact{Mode: fs.ModeDir | 0o700, UID: 8}
			d["/key"] = config.FileFact{Mode: 0o600, UID: 8}
		}, want: `u.yaml:5: data: /data belongs to user id 8, Usher runs as 7
  fix: chown -R 7 /data
u.yaml:6: master_key_file: /key belongs to user id 8, Usher runs as 7
  fix: chown 7 /key`},
		{name: "key beside its lock", file: strings.Replace(safe, ": /key", ": /data/x/key", 1), disk: func(d disk) { d["/data/x/key"] = d["/key"] },
			want: `u.yaml:6: master_key_file: /data/x/key lies inside the data folder: a copy of the folder would carry its own key
  fix: move it elsewhere, e.g. mv /data/x/key /data.key`},
		{name: "half of TLS", file: strings.Replace(safe, "tls_key_file: /tls\n", "", 1), want: `tls_key_file: is not set, but tls_cert_file is
  fix: set both or neither`},
		{name: "open plain listener", file: "public_url: https://login.example.org\nlisten: :8080\ndata: /data\nmaster_key_file: /key\n",
			want: `u.yaml:2: listen: :8080 speaks plain http to the network, and forwarded headers of unlisted peers do not count
  fix: set tls_cert_file and tls_key_file, or name the proxy in front in trusted_proxies`},
		{name: "unlisted proxy on loopback", file: "public_url: https://login.example.org\ndata: /data\nmaster_key_file: /key\n",
			want: `trusted_proxies: is empty, but public_url is https and the listener has no certificate: something unlisted ends TLS, and its forwarded headers would not count
  fix: name the proxy, e.g. trusted_proxies: [127.0.0.1], or set tls_cert_file and tls_key_file`},
		{name: "everybody is a proxy", file: safe + "trusted_proxies: [0.0.0.0/0, \"::/0\", 10.0.0.0/8]\n",
			want: `u.yaml:7: trusted_proxies: 0.0.0.0/0 is nearly everybody: any of them could forge client addresses
  fix: name the proxies' own addresses, e.g. 10.0.0.5/32
u.yaml:7: trusted_proxies: ::/0 is nearly everybody: any of them could forge client addresses
  fix: name the proxies' own addresses, e.g. 10.0.0.5/32`},
		{name: "one port for both", file: safe, flags: map[string]string{"management-listen": "0.0.0.0:8443"}, want: `--management-listen: management_listen: is the public listener
  fix: give it a port of its own, e.g. 127.0.0.1:9000`},
		{name: "not an address", file: safe, env: map[string]string{"USHER_LISTEN": "8443"}, want: `USHER_LISTEN: listen: "8443" is not host:port
  fix: write e.g. listen: 127.0.0.1:8080`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := good()
			if tt.disk != nil {
				tt.disk(d)
			}
			s := config.Sources{Environ: tt.env, Flags: tt.flags}
			if tt.file != "" {
				s.File, s.FileData = "u.yaml", []byte(tt.file)
			}
			got := problems(s, d)
			if tt.want == "…" {
				if !strings.HasPrefix(got, "u.yaml:") || !strings.Contains(got, "\n  fix: correct the YAML") {
					t.Errorf("got %s", got)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if again := problems(s, d); again != got {
				t.Errorf("another answer the second time:\n%s", again)
			}
		})
	}
}

// TestPrecedence: flags > environment > file > default, and each value knows
// where it came from.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	c, p := config.Load(config.Sources{
		File: "etc/u.yaml", FileData: []byte("# a comment\nlisten: a:1\nlog_level: warn\napi_rate_limit: 5\ndata: store\ntrusted_proxies:\n  - 10.0.0.1\n  - fd00::/16\n"),
		Environ: map[string]string{"USHER_LOG_LEVEL": "error", "USHER_LISTEN": "b:1", "USHER_SERVE": "login, api", "USHER_MASTER_KEY_FILE": "key"},
		Flags:   map[string]string{"listen": "c:1", "drain-delay": "1500ms", "json": "true"},
	})
	if len(p) > 0 {
		t.Fatal(p)
	}
	if c.Listen != "c:1" || c.LogLevel != "error" || c.APIRateLimit != 5 || c.LogFormat != "json" || c.DrainDelay != 1500*time.Millisecond ||
		c.Data != "etc/store" || c.MasterKeyFile != "key" {
		t.Errorf("%+v", c)
	}
	if diff := cmp.Diff([]string{"login", "api"}, c.Serve); diff != "" {
		t.Error(diff)
	}
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32"), netip.MustParsePrefix("fd00::/16")}
	if len(c.TrustedProxies) != 2 || c.TrustedProxies[0] != want[0] || c.TrustedProxies[1] != want[1] {
		t.Errorf("proxies %v", c.TrustedProxies)
	}
	for setting, want := range map[string]config.Origin{
		"listen": {Kind: "flag", Name: "--listen"}, "log_level": {Kind: "environment", Name: "USHER_LOG_LEVEL"},
		"data": {Kind: "file", Name: "etc/u.yaml:5"}, "log_format": {Kind: "default"},
	} {
		if got := c.OriginOf(setting); got != want {
			t.Errorf("%s from %+v, want %+v", setting, got, want)
		}
	}
}

// TestSettingsAreDistinct: names, variables and flags are one series.
func TestSettingsAreDistinct(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range config.Settings() {
		for _, n := range []string{s.Name, s.Env(), "--" + s.Flag()} {
			if seen[n] {
				t.Errorf("%s is there twice", n)
			}
			seen[n] = true
		}
		if s.Help == "" {
			t.Errorf("%s has no help", s.Name)
		}
	}
}

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
)

// FileFact is what a check needs to know of a file.
type FileFact struct {
	Mode fs.FileMode
	UID  int // owner
}

// Files is how Check looks at the file system.
type Files struct {
	// Stat follows links; fs.ErrNotExist when there is nothing.
	Stat func(path string) (FileFact, error)
	// Real is the path without links, as far as it exists.
	Real func(path string) string
	// MasterKey and Certificate read what the files hold and say what is wrong
	// with it.
	MasterKey   func(path string) error
	Certificate func(certFile, keyFile string) error
	UID         int // of this process
}

// Check lists everything that makes the configuration unsafe or unusable, in
// the order of Settings. It changes nothing.
func (c *Config) Check(f Files) Problems {
	k := &checker{c: c, files: f}
	k.publicURL()
	k.listeners()
	k.tls()
	k.data()
	k.masterKey()
	k.realmFile()
	k.proxies()
	k.logging()
	k.faces()
	return k.found
}

type checker struct {
	c     *Config
	files Files
	found Problems
}

func (k *checker) add(setting, text, fix string) {
	p := Problem{Setting: setting, Text: text, Fix: fix}
	switch o := k.c.OriginOf(setting); o.Kind {
	case "file", "environment", "flag":
		p.Place = o.Name
	}
	k.found = append(k.found, p)
}

func (k *checker) publicURL() {
	const example = "write the origin people use, e.g. public_url: https://login.example.org"
	if k.c.PublicURL == "" {
		k.add("public_url", "is not set", example)
		return
	}
	u, err := url.Parse(k.c.PublicURL)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		k.add("public_url", fmt.Sprintf("%q is not an http or https URL", k.c.PublicURL), example)
	case u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		k.add("public_url", fmt.Sprintf("%q is more than an origin", k.c.PublicURL), "leave out path, query, fragment and user; Usher adds /auth itself")
	case u.Scheme == "http" && !loopbackHost(u.Hostname()):
		k.add("public_url", fmt.Sprintf("%s is plain http: passwords and tokens would cross the network in clear", k.c.PublicURL),
			"use https://"+u.Host+", with tls_cert_file and tls_key_file or behind a proxy named in trusted_proxies")
	}
}

func (k *checker) listeners() {
	for _, l := range []struct{ setting, value string }{{"listen", k.c.Listen}, {"management_listen", k.c.ManagementListen}} {
		if _, port, err := net.SplitHostPort(l.value); err != nil || port == "" {
			k.add(l.setting, fmt.Sprintf("%q is not host:port", l.value), "write e.g. "+l.setting+": 127.0.0.1:8080")
		}
	}
	if k.c.Listen == k.c.ManagementListen && !strings.HasSuffix(k.c.Listen, ":0") {
		k.add("management_listen", "is the public listener", "give it a port of its own, e.g. 127.0.0.1:9000")
	}
}

func (k *checker) tls() {
	if k.c.Hidden("tls_cert_file") != "" || k.c.Hidden("tls_key_file") != "" {
		k.halfTLS()
		return
	}
	switch cert, key := k.c.TLSCertFile, k.c.TLSKeyFile; {
	case cert == "" && key == "":
		return
	case cert == "":
		k.add("tls_cert_file", "is not set, but tls_key_file is", "set both or neither")
		return
	case key == "":
		k.add("tls_key_file", "is not set, but tls_cert_file is", "set both or neither")
		return
	}
	_, there := k.regular("tls_cert_file", k.c.TLSCertFile, "")
	fact, ok := k.regular("tls_key_file", k.c.TLSKeyFile, "")
	if there && ok {
		if err := k.files.Certificate(k.c.TLSCertFile, k.c.TLSKeyFile); err != nil {
			k.add("tls_cert_file", fmt.Sprintf("%s with %s: %v", k.c.TLSCertFile, k.c.TLSKeyFile, err),
				"name a certificate chain and its private key, both in PEM and readable")
		}
	}
	if ok && fact.Mode.Perm()&0o007 != 0 && !k.c.credentialFile(k.c.TLSKeyFile) {
		k.add("tls_key_file", fmt.Sprintf("%s has mode %04o: others may read it", k.c.TLSKeyFile, fact.Mode.Perm()), "chmod 600 "+k.c.TLSKeyFile)
	}
}

// halfTLS is for a certificate or a key that only the service can see: of the
// two one may be missing.
func (k *checker) halfTLS() {
	for _, s := range []struct{ setting, path, other string }{
		{"tls_cert_file", k.c.TLSCertFile, "tls_key_file"}, {"tls_key_file", k.c.TLSKeyFile, "tls_cert_file"},
	} {
		if k.c.Hidden(s.setting) != "" {
			continue
		}
		if s.path == "" {
			k.add(s.setting, "is not set, but "+s.other+" is", "set both or neither")
		} else {
			k.regular(s.setting, s.path, "")
		}
	}
}

// regular says whether path is a file; otherwise it has named the problem.
func (k *checker) regular(setting, path, fix string) (FileFact, bool) {
	if fix == "" {
		fix = "correct the path"
	}
	fact, err := k.files.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		k.add(setting, path+" does not exist", fix)
	case err != nil:
		k.add(setting, err.Error(), fix)
	case !fact.Mode.IsRegular():
		k.add(setting, path+" is not a file", fix)
	default:
		return fact, true
	}
	return FileFact{}, false
}

func (k *checker) data() {
	if k.c.Data == "" {
		k.add("data", "is not set", "name the folder for the database, e.g. data: /var/lib/usher")
		return
	}
	fact, err := k.files.Stat(k.c.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist): // made at start, 0700
	case err != nil:
		k.add("data", err.Error(), "correct the path")
	case !fact.Mode.IsDir():
		k.add("data", k.c.Data+" is not a folder", "name a folder")
	case fact.Mode.Perm()&0o077 != 0:
		k.add("data", fmt.Sprintf("%s has mode %04o: others may look inside", k.c.Data, fact.Mode.Perm()), "chmod 700 "+k.c.Data)
	case fact.UID != k.files.UID:
		k.add("data", fmt.Sprintf("%s belongs to user id %d, Usher runs as %d", k.c.Data, fact.UID, k.files.UID), fmt.Sprintf("chown -R %d %s", k.files.UID, k.c.Data))
	}
}

func (k *checker) masterKey() {
	path := k.c.MasterKeyFile
	if k.c.Hidden("master_key_file") != "" {
		return
	}
	if path == "" {
		k.add("master_key_file", "is not set", "name a file with 32 random bytes in base64, e.g. made by: (umask 077; head -c 32 /dev/urandom | base64 > usher.key)")
		return
	}
	if k.c.Data != "" && inside(k.files.Real(path), k.files.Real(k.c.Data)) {
		k.add("master_key_file", path+" lies inside the data folder: a copy of the folder would carry its own key", "move it elsewhere, e.g. mv "+path+" "+filepath.Clean(k.c.Data)+".key")
	}
	fact, ok := k.regular("master_key_file", path, "make one: (umask 077; head -c 32 /dev/urandom | base64 > "+path+")")
	switch {
	case !ok:
	case k.c.credentialFile(path):
		k.readableKey(path)
	case fact.Mode.Perm()&0o077 != 0:
		k.add("master_key_file", fmt.Sprintf("%s has mode %04o: others may read it", path, fact.Mode.Perm()), "chmod 600 "+path)
	case fact.UID != k.files.UID && fact.UID != 0:
		k.add("master_key_file", fmt.Sprintf("%s belongs to user id %d, Usher runs as %d", path, fact.UID, k.files.UID), fmt.Sprintf("chown %d %s", k.files.UID, path))
	default:
		k.readableKey(path)
	}
}

// readableKey reads the key: a file of root's, mode 0600, is nothing for
// another user, and what it holds may be no key.
func (k *checker) readableKey(path string) {
	switch err := k.files.MasterKey(path); {
	case errors.Is(err, fs.ErrPermission):
		k.add("master_key_file", err.Error(), fmt.Sprintf("chown %d %s", k.files.UID, path))
	case err != nil:
		k.add("master_key_file", err.Error(), "bring the key back, or for a new data folder make one: (umask 077; head -c 32 /dev/urandom | base64 > "+path+")")
	}
}

func inside(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func (k *checker) realmFile() {
	if k.c.RealmFile != "" {
		k.regular("realm_file", k.c.RealmFile, "")
	}
}

// proxies refuses to believe everybody, and to stand behind a proxy that is
// not named: without its forwarded headers every client would look like the
// proxy, and https like http.
func (k *checker) proxies() {
	for _, p := range k.c.TrustedProxies {
		if wide := 8; p.Bits() < wide {
			k.add("trusted_proxies", fmt.Sprintf("%s is nearly everybody: any of them could forge client addresses", p), "name the proxies' own addresses, e.g. 10.0.0.5/32")
		}
	}
	if k.c.TLSCertFile != "" || len(k.c.TrustedProxies) > 0 {
		return
	}
	host, _, err := net.SplitHostPort(k.c.Listen)
	if err != nil {
		return
	}
	https := strings.HasPrefix(strings.ToLower(k.c.PublicURL), "https://")
	switch {
	case !loopbackHost(host):
		k.add("listen", k.c.Listen+" speaks plain http to the network, and forwarded headers of unlisted peers do not count",
			"set tls_cert_file and tls_key_file, or name the proxy in front in trusted_proxies")
	case https:
		k.add("trusted_proxies", "is empty, but public_url is https and the listener has no certificate: something unlisted ends TLS, and its forwarded headers would not count",
			"name the proxy, e.g. trusted_proxies: [127.0.0.1], or set tls_cert_file and tls_key_file")
	}
}

func (k *checker) logging() {
	if f := k.c.LogFormat; f != "text" && f != "json" {
		k.add("log_format", fmt.Sprintf("%q is not a format", f), "write text or json")
	}
	switch l := strings.ToLower(k.c.LogLevel); l {
	case "debug", "info", "warn", "error":
	default:
		k.add("log_level", fmt.Sprintf("%q is not a level", k.c.LogLevel), "write debug, info, warn or error")
	}
}

func (k *checker) faces() {
	if len(k.c.Serve) == 0 {
		k.add("serve", "is empty", "write serve: [login, api]")
	}
}

// loopbackHost says whether a host name or address can only mean this machine.
func loopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

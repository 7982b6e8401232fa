package config

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Setting is one key of the file, with its variable and flag.
type Setting struct {
	Name string // public_url
	Help string
	// example is a right value, as a variable or flag has it.
	example string
	list    bool
	path    bool
	// set takes what is right of a value and names each part that is not.
	set func(c *Config, value []string) []error
	// show is the value in force, to compare with another.
	show func(c *Config) string
}

// inFile is the setting's line in the file, with its example.
func (s Setting) inFile() string {
	if s.list {
		return s.Name + ": [" + strings.ReplaceAll(s.example, ",", ", ") + "]"
	}
	return s.Name + ": " + s.example
}

// Env is the setting's environment variable.
func (s Setting) Env() string { return "USHER_" + strings.ToUpper(s.Name) }

// Flag is the setting's flag, without dashes.
func (s Setting) Flag() string { return strings.ReplaceAll(s.Name, "_", "-") }

// Settings lists all settings in the order of documentation.
func Settings() []Setting {
	return []Setting{
		text("public_url", "https://login.example.org", "origin under which Usher is reached, e.g. https://login.example.org", func(c *Config) *string { return &c.PublicURL }),
		text("listen", "127.0.0.1:8080", "public listener, host:port", func(c *Config) *string { return &c.Listen }),
		text("management_listen", "127.0.0.1:9000", "listener for health and metrics, host:port", func(c *Config) *string { return &c.ManagementListen }),
		file("tls_cert_file", "/etc/usher/tls.crt", "certificate chain of the public listener (PEM)", func(c *Config) *string { return &c.TLSCertFile }),
		file("tls_key_file", "/etc/usher/tls.key", "private key of the certificate (PEM)", func(c *Config) *string { return &c.TLSKeyFile }),
		file("data", "/var/lib/usher", "data folder, mode 0700", func(c *Config) *string { return &c.Data }),
		file("master_key_file", "/etc/usher/usher.key", "master key, mode 0600, outside the data folder", func(c *Config) *string { return &c.MasterKeyFile }),
		file("realm_file", "/etc/usher/realm.json", "realm in Keycloak's JSON form, imported into an empty store", func(c *Config) *string { return &c.RealmFile }),
		{Name: "trusted_proxies", example: "10.0.0.5/32", Help: "addresses or prefixes whose X-Forwarded headers count", list: true, set: setProxies,
			show: func(c *Config) string { return fmt.Sprint(c.TrustedProxies) }},
		text("log_format", "json", "text or json", func(c *Config) *string { return &c.LogFormat }),
		text("log_level", "info", "debug, info, warn or error", func(c *Config) *string { return &c.LogLevel }),
		truth("log_pii", "let addresses and names of people stand in log lines", func(c *Config) *bool { return &c.LogPII }),
		{Name: "event_retention", example: "90d", Help: "how long events are kept, e.g. 90d or 2160h; 0 for ever", set: setRetention,
			show: func(c *Config) string { return c.EventRetention.String() }},
		truth("keycloak_metrics", "publish counters under Keycloak's names too", func(c *Config) *bool { return &c.KeycloakMetrics }),
		{Name: "api_rate_limit", example: "100", Help: "video API requests per user and minute; 0 for no limit", set: setRate,
			show: func(c *Config) string { return strconv.Itoa(c.APIRateLimit) }},
		duration("drain_delay", "2s", "how long the listener stays open after readiness fell", func(c *Config) *time.Duration { return &c.DrainDelay }),
		duration("shutdown_timeout", "30s", "how long a stop waits for requests under way", func(c *Config) *time.Duration { return &c.ShutdownTimeout }),
		duration("revocation_grace", "30s", "how much longer remembered tokens are answered while storage is down", func(c *Config) *time.Duration { return &c.RevocationGrace }),
		{Name: "serve", example: "login,api", Help: "faces on the public listener: login, api", list: true, set: setServe,
			show: func(c *Config) string { return fmt.Sprint(c.Serve) }},
	}
}

func text(name, example, help string, field func(*Config) *string) Setting {
	return Setting{Name: name, Help: help, example: example, set: func(c *Config, v []string) []error {
		*field(c) = v[0]
		return nil
	}, show: func(c *Config) string { return *field(c) }}
}

func file(name, example, help string, field func(*Config) *string) Setting {
	s := text(name, example, help, field)
	s.path = true
	return s
}

func duration(name, example, help string, field func(*Config) *time.Duration) Setting {
	return Setting{Name: name, Help: help, example: example, set: func(c *Config, v []string) []error {
		d, err := time.ParseDuration(v[0])
		if err != nil || d < 0 || d > time.Hour {
			return []error{fmt.Errorf("%q is not a duration from 0s to 1h, such as 2s", v[0])}
		}
		*field(c) = d
		return nil
	}, show: func(c *Config) string { return field(c).String() }}
}

func truth(name, help string, field func(*Config) *bool) Setting {
	return Setting{Name: name, Help: help, example: "true", set: func(c *Config, v []string) []error {
		switch v[0] {
		case "true":
			*field(c) = true
		case "false":
			*field(c) = false
		default:
			return []error{fmt.Errorf("%q is neither true nor false", v[0])}
		}
		return nil
	}, show: func(c *Config) string { return strconv.FormatBool(*field(c)) }}
}

// maxRetention is a hundred years: what is longer is meant as for ever.
const maxRetention = 100 * 365 * 24 * time.Hour

// setRetention takes days, which time.ParseDuration does not know.
func setRetention(c *Config, v []string) []error {
	const day = 24 * time.Hour
	wrong := []error{fmt.Errorf("%q is not a duration of whole days such as 90d, of hours such as 2160h, or 0", v[0])}
	if n, ok := strings.CutSuffix(v[0], "d"); ok {
		days, err := strconv.Atoi(n)
		if err != nil || days < 0 || days > int(maxRetention/day) {
			return wrong
		}
		c.EventRetention = time.Duration(days) * day
		return nil
	}
	d, err := time.ParseDuration(v[0])
	if err != nil || d < 0 || d > maxRetention || d > 0 && d < time.Hour {
		return wrong
	}
	c.EventRetention = d
	return nil
}

func setRate(c *Config, v []string) []error {
	n, err := strconv.Atoi(v[0])
	if err != nil || n < 0 {
		return []error{fmt.Errorf("%q is not a whole number from 0 on", v[0])}
	}
	c.APIRateLimit = n
	return nil
}

func setProxies(c *Config, v []string) []error {
	var errs []error
	out := make([]netip.Prefix, 0, len(v))
	for _, s := range v {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, err := netip.ParseAddr(s)
			if err != nil {
				errs = append(errs, fmt.Errorf("%q is neither an address nor a prefix such as 10.0.0.0/24", s))
				continue
			}
			p = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
		}
		out = append(out, p.Masked())
	}
	c.TrustedProxies = out
	return errs
}

func setServe(c *Config, v []string) []error {
	var errs []error
	var out []string
	for _, s := range v {
		if s != "login" && s != "api" {
			errs = append(errs, fmt.Errorf("%q is neither login nor api", s))
			continue
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(errs) == 0 {
		c.Serve = out
	}
	return errs
}

// apply sets one value. Paths of a file count from the file's folder.
func (s Setting) apply(c *Config, value []string, base string, from Origin) []error {
	if s.path {
		delete(c.hidden, s.Name)
		name, err := c.resolve(value[0], base)
		if errors.Is(err, errHidden) {
			c.hidden[s.Name] = value[0]
		} else if err != nil {
			return []error{err}
		}
		value = []string{name}
	}
	errs := s.set(c, value)
	if len(errs) == 0 || s.list {
		c.origin[s.Name] = from
	}
	return errs
}

// split is how a list is written in one variable or flag.
func split(s Setting, value string) []string {
	if !s.list {
		return []string{value}
	}
	var out []string
	for _, part := range strings.Split(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

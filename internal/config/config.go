package config

import (
	"net/netip"
	"time"
)

// Config is everything `usher serve` can be told. Defaults returns the values
// in force where nothing is said.
type Config struct {
	// PublicURL is the origin under which people and programs reach Usher; the
	// issuer of every realm begins with it.
	PublicURL string
	// Listen is the public listener, host:port.
	Listen string
	// ManagementListen is the listener for health and metrics, host:port.
	ManagementListen string
	// TLSCertFile and TLSKeyFile make the public listener speak https.
	TLSCertFile, TLSKeyFile string
	// Data is the folder with the database; mode 0700.
	Data string
	// MasterKeyFile seals keys and secrets in the database; mode 0600, outside Data.
	MasterKeyFile string
	// RealmFile is imported into an empty store, and compared with a full one.
	RealmFile string
	// TrustedProxies are the peers whose X-Forwarded-For and X-Forwarded-Proto count.
	TrustedProxies []netip.Prefix
	LogFormat      string // text or json
	LogLevel       string // debug, info, warn, error
	// LogPII lets addresses and names of people stand in log lines; otherwise
	// they are left out or replaced by a tag that holds for one run.
	LogPII bool
	// EventRetention is how long events are kept; 0: for ever.
	EventRetention time.Duration
	// KeycloakMetrics publishes counters under Keycloak's own names as well.
	KeycloakMetrics bool
	// APIRateLimit is the number of video API requests per user and minute; 0: no limit.
	APIRateLimit int
	// DrainDelay is how long the listener stays open after readiness fell.
	DrainDelay time.Duration
	// ShutdownTimeout bounds the wait for requests under way.
	ShutdownTimeout time.Duration
	// RevocationGrace is how much longer remembered tokens are answered while
	// the store cannot be asked.
	RevocationGrace time.Duration
	// Serve names the faces on the public listener: login, api.
	Serve []string
	// Credentials is the folder that "credential:NAME" stands for in the name of
	// a file; "" where the service manager passed none.
	Credentials string

	origin map[string]Origin
	beside bool
	hidden map[string]string // by setting
}

// Origin says where a value came from.
type Origin struct {
	Kind string // default, file, environment, flag
	Name string // the file's place, the variable, the flag
}

// Defaults is the configuration before anything is said.
func Defaults() Config {
	return Config{
		Listen:           "127.0.0.1:8080",
		ManagementListen: "127.0.0.1:9000",
		LogFormat:        "json",
		LogLevel:         "info",
		EventRetention:   90 * 24 * time.Hour,
		APIRateLimit:     100,
		DrainDelay:       2 * time.Second,
		ShutdownTimeout:  30 * time.Second,
		RevocationGrace:  30 * time.Second,
		Serve:            []string{"login", "api"},
		origin:           map[string]Origin{},
		hidden:           map[string]string{},
	}
}

// Hidden is what a file's setting says where it names a credential that only the
// service can see, such as credential:master.key, and its path is therefore
// empty; "" otherwise.
func (c *Config) Hidden(setting string) string { return c.hidden[setting] }

// OriginOf says where the value of a setting came from.
func (c *Config) OriginOf(setting string) Origin {
	if o, ok := c.origin[setting]; ok {
		return o
	}
	return Origin{Kind: "default"}
}

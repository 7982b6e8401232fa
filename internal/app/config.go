package app

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
	"github.com/seed-a6a28e10/usher/internal/telemetry"
	"github.com/seed-a6a28e10/usher/internal/tracing"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// Config is what one Usher is made of. Zero values of times take defaults.
type Config struct {
	// PublicURL is the origin of every issuer and link; "" takes http:// and the
	// host written in Listen with the port that was bound (usher dev).
	PublicURL string
	// Listen and ManagementListen are host:port; port 0 takes a free one.
	Listen, ManagementListen string
	// TLSCertFile and TLSKeyFile make the public listener speak https.
	TLSCertFile, TLSKeyFile string
	// Data is the data folder; made when absent.
	Data string
	// MasterKey is 32 bytes.
	MasterKey []byte
	// MasterKeyFile is where it was read from; "" when that is not known. A
	// rotation puts the new key there.
	MasterKeyFile string
	// RealmFile is looked at while the server runs: its settings are put in force
	// when it changes. "": none.
	RealmFile string
	// EventRetention is how long events are kept; 0: for ever.
	EventRetention time.Duration
	// LogPII lets addresses stand in log lines.
	LogPII bool
	// KeycloakMetrics publishes counters under Keycloak's names too.
	KeycloakMetrics bool
	// TrustedProxies are the peers whose X-Forwarded headers count.
	TrustedProxies []netip.Prefix
	// APIRateLimit is per user and minute; 0: no limit.
	APIRateLimit int
	// DrainDelay is how long the listener stays open after readiness fell.
	DrainDelay time.Duration
	// ShutdownTimeout bounds the wait for requests under way; 0: 30 s.
	ShutdownTimeout time.Duration
	// RevocationGrace is for how long remembered tokens are answered while the
	// store cannot be asked; 0: 30 s.
	RevocationGrace time.Duration
	// NoLogin and NoAPI leave a face off the public listener.
	NoLogin, NoAPI bool
}

// Options are the outer world; the zero value is the real one.
type Options struct {
	Clock Clock        // nil: the wall clock
	Log   *slog.Logger // nil: discards
	Build telemetry.Build
	// HashSlots is how many passwords are hashed at once; 0: cores - 1.
	HashSlots int
	// NewRSA makes the private keys of realms (PKCS#8); nil: new ones. Tests,
	// for which making one takes longer than all else, hand out the same again.
	NewRSA func() ([]byte, error)
	// KeyFiles is how a rotation of the master key writes files.
	KeyFiles KeyFiles

	// Listeners are sockets that the service manager opened: "public" and
	// "management". What is missing is opened here.
	Listeners map[string][]net.Listener
	// Notify tells the service manager a state (sd_notify(3)); nil: nobody.
	Notify func(state string) error
	// Watchdog is the time within which Notify must say that the process lives;
	// 0: nobody asks.
	Watchdog time.Duration

	// Hangup asks for a reload with each value. May be nil.
	Hangup <-chan struct{}
	// SettingsFile is looked at while the server runs; Reread reads the settings
	// again, and SetLogLevel puts theirs in force. All may be empty.
	SettingsFile string
	Reread       func() (Settings, error)
	SetLogLevel  func(level string) error

	// PeerUID says which user of this machine connected to the admin socket; nil
	// asks the kernel.
	PeerUID func(*net.UnixConn) (uid int, err error)

	// RuntimeFolders may hold the admin socket of a data folder whose path is too
	// long for one, the preferred first; where none can be had a temporary one is
	// made. nil: $XDG_RUNTIME_DIR/usher and /run/usher.
	RuntimeFolders []string

	// Trace is where spans go; nil: nowhere.
	Trace *tracing.Tracer
}

// Build says what binary this is.
type Build = telemetry.Build

// Why a data folder cannot be opened.
var (
	// ErrManagement: the management listener cannot be bound.
	ErrManagement = errors.New("management listener")
	ErrLocked     = sqlite.ErrLocked
	ErrFolderOpen = sqlite.ErrFolderOpen
	// ErrOlder and ErrNewer: another release wrote what is stored.
	ErrOlder = sqlite.ErrOlder
	ErrNewer = sqlite.ErrNewer
	// ErrSealed says that what is stored does not open under this master key.
	ErrSealed = secret.ErrSealed
	// ErrUnavailable says that storage is in trouble.
	ErrUnavailable = iam.ErrUnavailable
)

// HasDatabase says whether a data folder holds a database.
func HasDatabase(data string) bool {
	_, err := os.Stat(filepath.Join(data, sqlite.File))
	return err == nil
}

// NewLogger writes log lines to w: format text or json, level debug, info,
// warn or error. Secrets and tokens are not written.
func NewLogger(w io.Writer, format, level string) (*slog.Logger, error) {
	log, _, err := NewLog(w, format, level)
	return log, err
}

// NewLog is NewLogger with a level that can be set later.
func NewLog(w io.Writer, format, level string) (log *slog.Logger, setLevel func(level string) error, err error) {
	var current slog.LevelVar
	setLevel = func(level string) error {
		l, err := telemetry.ParseLevel(level)
		if err == nil {
			current.Set(l)
		}
		return err
	}
	if err := setLevel(level); err != nil {
		return nil, nil, err
	}
	log, err = telemetry.NewLogger(w, telemetry.LogOptions{
		Format: telemetry.LogFormat(format), Level: &current, Of: []telemetry.FromContext{web.RequestAttr, tracing.Attr},
	})
	return log, setLevel, err
}

package examine

import (
	"context"
	"crypto/x509"
	"net"
	"slices"
	"time"

	"github.com/seed-a6a28e10/usher/internal/config"
	"github.com/seed-a6a28e10/usher/internal/doctor"
)

// Options say what to look at.
type Options struct {
	Config config.Config
	// Settings says that there are settings, of whose mistakes Problems tells as a
	// server would. The folder of `usher dev` has none.
	Settings bool
	Problems config.Problems
	// MasterKey opens the database; nil leaves the database out, for the reason
	// that KeyError gives.
	MasterKey []byte
	KeyError  error
	// Deep looks at every row, which takes about a second for 100,000.
	Deep bool
	// Dial connects to the admin socket of the server that has the data folder.
	Dial Dialer
	// Version is that of this program.
	Version string
	// Offline leaves out what needs the public URL.
	Offline bool
	// Patience bounds each question to an address; 0: 10 s.
	Patience time.Duration
	// Roots are the authorities to trust; nil: this machine's.
	Roots *x509.CertPool
}

// Dialer makes a connection.
type Dialer func(ctx context.Context) (net.Conn, error)

// mostAsked is how many realms are asked for over the public URL.
const mostAsked = 5

// Examine looks at everything that can be looked at and judges it. It ends with
// ctx, and what could not be found out is a finding too.
func Examine(ctx context.Context, o Options) doctor.Report {
	if o.Patience == 0 {
		o.Patience = 10 * time.Second
	}
	report := doctor.JudgeMachine(machine(ctx, o))
	server, status := askServer(ctx, o)
	report = append(report, doctor.JudgeServer(server, !o.Offline)...)
	if o.Config.PublicURL == "" { // a server of `usher dev` made its own
		o.Config.PublicURL = status.PublicURL
	}
	found, realms := lookAtStore(ctx, o)
	report = append(report, doctor.JudgeStore(found)...)
	var names []string
	for _, r := range realms {
		report = append(report, doctor.JudgeRealm(r, time.Now())...)
		if r.Realm.Enabled {
			names = append(names, r.Realm.Name)
		}
	}
	if !o.Offline && o.Config.PublicURL != "" {
		slices.Sort(names)
		report = append(report, doctor.JudgeAddress(askAddress(ctx, o, names, server.Running), time.Now())...)
	}
	report.Sort()
	return report
}

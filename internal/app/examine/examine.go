package examine

import (
	"context"
	"net"
	"time"

	"github.com/seed-a6a28e10/usher/internal/config"
	"github.com/seed-a6a28e10/usher/internal/doctor"
)

// Options say what to look at.
type Options struct {
	Config config.Config
	// Problems are the settings that a server would refuse.
	Problems config.Problems
	// MasterKey opens the database; nil leaves the database out, for the reason
	// that KeyError gives.
	MasterKey []byte
	KeyError  error
	// Deep looks at every row, which takes about a second for 100,000.
	Deep bool
	// Dial connects to the admin socket of the server that has the data folder.
	Dial Dialer
	// Offline leaves out what needs the public URL.
	Offline bool
}

// Dialer makes a connection.
type Dialer func(ctx context.Context) (net.Conn, error)

// Examine looks at everything that can be looked at and judges it.
func Examine(ctx context.Context, o Options) doctor.Report {
	report := doctor.JudgeMachine(machine(ctx, o))
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
		report = append(report, doctor.JudgeAddress(askAddress(ctx, o.Config, o.Dial, names), time.Now())...)
	}
	return report
}

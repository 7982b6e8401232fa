package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/seed-a6a28e10/usher/internal/config"
)

// manager is the service manager that started the process (systemd), as far as
// there is one.
type manager struct {
	listeners map[string][]net.Listener // by public and management
	watchdog  time.Duration             // 0: nobody asks
}

// serviceManager takes what the service manager handed over.
func (w *world) serviceManager() (*manager, error) {
	m := &manager{}
	var err error
	if m.watchdog, err = daemon.SdWatchdogEnabled(false); err != nil {
		return nil, usage(fmt.Errorf("the watchdog's time: %w", err), "WATCHDOG_USEC is set by the service manager")
	}
	given, err := activation.ListenersWithNames()
	if err != nil {
		return nil, usage(fmt.Errorf("sockets of the service manager: %w", err), "LISTEN_FDS is set by the service manager")
	}
	m.listeners = map[string][]net.Listener{}
	for name, list := range given {
		switch {
		case name == "public" || name == "management" && len(list) == 1:
			m.listeners[name] = list
		case len(given) == 1: // a socket unit without FileDescriptorName
			m.listeners["public"] = list
		default:
			return nil, usage(fmt.Errorf("%d sockets named %q: one of management and any number of public are known", len(list), name),
				"write FileDescriptorName=public into the socket unit")
		}
	}
	return m, nil
}

// notify tells a state (sd_notify(3)); without a service manager nobody hears.
func (m *manager) notify(state string) error {
	_, err := daemon.SdNotify(false, state)
	return err
}

// addresses puts the sockets that were handed over in place of the settings, so
// that the settings are checked by what is really listened on.
func (m *manager) addresses(c *config.Config) {
	if list := m.listeners["public"]; len(list) > 0 {
		c.Listen = list[0].Addr().String()
	}
	if list := m.listeners["management"]; len(list) > 0 {
		c.ManagementListen = list[0].Addr().String()
	}
}

// hangups has a value for each SIGHUP until ctx ends. Those that come while one
// is being dealt with are one.
func hangups(ctx context.Context) <-chan struct{} {
	got, out := make(chan os.Signal, 1), make(chan struct{}, 1)
	signal.Notify(got, syscall.SIGHUP)
	go func() {
		defer signal.Stop(got)
		for {
			select {
			case <-got:
				out <- struct{}{}
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

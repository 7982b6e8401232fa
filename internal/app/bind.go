package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"golang.org/x/sys/unix"
)

// bind takes the ports, so that the public URL is known and a taken port is
// refused before anything is written.
func (a *App) bind(ctx context.Context) error {
	host, port, err := net.SplitHostPort(a.cfg.Listen)
	if err != nil {
		return fmt.Errorf("public listener: %w", err)
	}
	if a.publicListeners = a.opt.Listeners["public"]; len(a.publicListeners) == 0 {
		if a.publicListeners, err = listenPublic(ctx, host, port); err != nil {
			return fmt.Errorf("public listener: %w", err)
		}
	}
	if err := a.bindManagement(ctx); err != nil {
		err = fmt.Errorf("%w: %w", ErrManagement, err)
		return errors.Join(err, a.unbind())
	}
	if a.public = strings.TrimRight(a.cfg.PublicURL, "/"); a.public == "" {
		a.public = "http://" + net.JoinHostPort(host, portOf(a.publicListeners[0]))
	}
	return nil
}

func (a *App) bindManagement(ctx context.Context) (err error) {
	if given := a.opt.Listeners["management"]; len(given) > 0 {
		a.managementListener = given[0]
		return nil
	}
	var lc net.ListenConfig
	a.managementListener, err = lc.Listen(ctx, "tcp", a.cfg.ManagementListen)
	return err
}

// listenPublic binds the address as written; "localhost" means both loopbacks,
// since clients resolve it to either.
func listenPublic(ctx context.Context, host, port string) ([]net.Listener, error) {
	var lc net.ListenConfig
	if !strings.EqualFold(host, "localhost") {
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, port))
		if err != nil {
			return nil, err
		}
		return []net.Listener{l}, nil
	}
	four, err := lc.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, err
	}
	six, err := lc.Listen(ctx, "tcp6", net.JoinHostPort("::1", portOf(four)))
	switch {
	case err == nil:
		return []net.Listener{four, six}, nil
	case errors.Is(err, unix.EADDRINUSE):
		return nil, errors.Join(err, four.Close())
	}
	return []net.Listener{four}, nil // a machine without IPv6
}

func portOf(l net.Listener) string {
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return ""
	}
	return port
}

func (a *App) unbind() error {
	var errs []error
	for _, l := range a.publicListeners {
		errs = append(errs, l.Close())
	}
	if a.managementListener != nil {
		errs = append(errs, a.managementListener.Close())
	}
	return errors.Join(errs...)
}

// Addr is where the public listener is bound.
func (a *App) Addr() string { return a.publicListeners[0].Addr().String() }

// ManagementURL is the origin of the management listener.
func (a *App) ManagementURL() string {
	host, _, err := net.SplitHostPort(a.cfg.ManagementListen)
	if len(a.opt.Listeners["management"]) > 0 {
		host, _, err = net.SplitHostPort(a.managementListener.Addr().String())
	}
	if ip := net.ParseIP(host); err != nil || host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, portOf(a.managementListener))
}

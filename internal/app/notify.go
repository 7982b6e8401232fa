package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sys/unix"
)

// What a service manager is told (sd_notify(3)).
const (
	stateReady    = "READY=1"
	stateStopping = "STOPPING=1"
	stateAlive    = "WATCHDOG=1"
)

// notify tells the service manager, where there is one.
func (a *App) notify(state string) {
	if a.opt.Notify == nil {
		return
	}
	if err := a.opt.Notify(state); err != nil {
		a.log.Warn("the service manager was not told", "error", err)
	}
}

// reloading carries the monotonic time, by which systemd (253 and later) sees
// that the READY=1 after it is an answer to its own signal.
func reloading() string {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return "RELOADING=1"
	}
	return fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", now.Nano()/int64(time.Microsecond))
}

// status is the line that `systemctl status` shows.
func (a *App) status() string {
	if len(a.snapshot.Config().Realms) == 0 {
		return "STATUS=" + noRealm
	}
	return "STATUS=answering on " + a.Addr()
}

// pat tells the watchdog twice in its time that the process lives, each time
// after it has answered itself over a real connection: accepting, scheduling
// and answering work. Storage trouble does not count: a restart cures neither a
// full disk nor a slow one, and after a failed sync the process ends by itself.
func (a *App) pat(ctx context.Context) {
	every := a.opt.Watchdog / 2
	if every <= 0 {
		return
	}
	for {
		if err := a.alive(ctx, every/2); err == nil {
			a.notify(stateAlive + "\n" + a.status())
		} else if ctx.Err() == nil {
			a.log.Warn("no answer from ourselves: the watchdog is not told that we live", "error", err)
		}
		if a.clock.Sleep(ctx, every) != nil {
			return
		}
	}
}

// alive asks the management listener, which is ours alone.
func (a *App) alive(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.ManagementURL()+"/health/live", nil)
	if err != nil {
		return err
	}
	r.Close = true // a connection of its own each time: accepting is part of living
	transport := &http.Transport{Proxy: nil, DisableKeepAlives: true}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("/health/live answers %d", answer.StatusCode)
	}
	return errors.Join(err, answer.Body.Close())
}

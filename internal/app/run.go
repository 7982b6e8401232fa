package app

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

const (
	defaultShutdown = 30 * time.Second
	closeLimit      = 10 * time.Second // for background jobs to notice the end
	sweepPause      = time.Minute
	sweepLimit      = 2000
	measureAfter    = time.Second
	realmPoll       = 100 * time.Millisecond // until there is a first one
)

// ErrFatal wraps what makes the process unable to go on: exit non-zero.
var ErrFatal = errors.New("cannot go on")

// Start loads what requests are judged by, starts the background jobs and
// answers on both listeners. When it returns nil, the ports answer. ctx bounds
// the start only.
func (a *App) Start(ctx context.Context) error {
	if a.started {
		return nil
	}
	if err := a.snapshot.Reload(ctx); err != nil {
		return err
	}
	if err := a.feed.Load(ctx); err != nil {
		return err
	}
	a.mount()
	a.startedAt = a.clock.Now()
	if err := a.serveAdmin(); err != nil {
		return err
	}
	a.serve()
	a.started = true
	jobs, stop := context.WithCancel(context.Background())
	a.stopJobs = stop
	for _, job := range []func(context.Context){
		a.snapshot.Run, a.feed.Run, a.verifier.Run, a.confirm.Run, a.sweep, a.measure, a.moveKeys, a.watchStore,
		a.watchFiles, a.hangups, a.pat, a.count, a.recordDamage, a.events.Run, a.sayReady,
	} {
		a.jobs.Go(func() { job(jobs) })
	}
	a.health.Started()
	return nil
}

// sayReady logs the moment from which people can log in: that of the first realm.
func (a *App) sayReady(ctx context.Context) {
	if a.hasRealm(ctx) != nil {
		a.log.Warn(noRealm)
	}
	for a.hasRealm(ctx) != nil {
		if a.clock.Sleep(ctx, realmPoll) != nil {
			return
		}
	}
	a.log.Info("ready")
}

// Run answers until ctx ends, then stops gracefully: readiness falls, the
// listener stays open for the drain delay, then requests under way are
// finished. now, when it is closed meanwhile, ends the wait at once. The error
// wraps ErrFatal when the process could not go on.
func (a *App) Run(ctx context.Context, now <-chan struct{}) error {
	if err := a.Start(ctx); err != nil {
		return err
	}
	a.notify(stateReady + "\n" + a.status())
	select {
	case <-ctx.Done():
	case err := <-a.failed:
		a.notify(stateStopping)
		a.log.Error("stopping: cannot go on", "error", err)
		return errors.Join(fmt.Errorf("%w: %w", ErrFatal, err), a.Close())
	}
	stop, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	go func() {
		select {
		case <-now:
			cancel()
		case <-stop.Done():
		}
	}()
	a.drain(stop)
	return a.Close()
}

// drain is the graceful half of a stop; ctx ends it early.
func (a *App) drain(ctx context.Context) {
	a.health.Stop()
	a.notify(stateStopping)
	a.log.Info("stopping", "drain_delay", a.cfg.DrainDelay.String())
	if a.cfg.DrainDelay > 0 && a.clock.Sleep(ctx, a.cfg.DrainDelay) != nil {
		return
	}
	limit := a.cfg.ShutdownTimeout
	if limit == 0 {
		limit = defaultShutdown
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := a.servers[0].Shutdown(ctx); err != nil {
		a.log.Warn("requests were cut off", "error", err)
	}
}

// Close ends everything at once: listeners, jobs, logins, store. What was
// acknowledged is on disk. Later calls return the first one's result.
func (a *App) Close() error {
	a.closing.Do(func() { a.closeErr = a.close() })
	return a.closeErr
}

func (a *App) close() error {
	for _, s := range a.servers {
		_ = s.Close() // the listener's error, if any, says nothing new
	}
	if len(a.servers) == 0 {
		_ = a.unbind()
	}
	if a.stopJobs != nil {
		a.stopJobs()
		done := make(chan struct{})
		go func() { a.jobs.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(closeLimit):
			a.log.Warn("background jobs did not end in time")
		}
	}
	a.login.Close()
	a.sealRest()
	defer a.sendSpans()
	return a.store.Close()
}

// sweep deletes what nobody can ask for any more, about once a minute.
func (a *App) sweep(ctx context.Context) {
	for a.clock.Sleep(ctx, sweepPause) == nil {
		n, err := a.store.Sweep(ctx, a.clock.Now().UnixMilli(), sweepLimit)
		switch {
		case err != nil && ctx.Err() == nil:
			a.log.Warn("sweep", "error", err)
		case n > 0:
			a.log.Debug("swept", "rows", n)
		}
	}
}

// measure times the kinds of password hashes each realm stores, which sets the
// floor under failed logins. It begins a moment late, so that it does not stand
// in the way of the first logins; until then the floor is an assumption. Realms
// into which hashes were imported follow.
func (a *App) measure(ctx context.Context) {
	if a.clock.Sleep(ctx, measureAfter) != nil {
		return
	}
	for _, r := range a.snapshot.Config().Realms {
		a.measureRealm(ctx, r.Realm.ID)
	}
	debug.FreeOSMemory() // what the start, imports and these hashes used is not needed again
	for {
		select {
		case id := <-a.imported:
			a.measureRealm(ctx, id)
		case <-ctx.Done():
			return
		}
	}
}

func (a *App) measureRealm(ctx context.Context, id string) {
	if err := a.login.MeasureRealm(ctx, id, a.store.Passwords); err != nil && ctx.Err() == nil {
		a.log.Warn("measuring password hashes", "realm", id, "error", err)
	}
}

// watchStore ends the process after a fault that no later write can survive.
func (a *App) watchStore(ctx context.Context) {
	select {
	case err := <-a.store.Fatal():
		a.fail(err)
	case <-ctx.Done():
	}
}

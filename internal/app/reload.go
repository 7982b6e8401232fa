package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// Settings are what `serve` may be told anew while it runs.
type Settings struct {
	LogLevel string
	// Fixed names the settings that differ from those in force and need a restart.
	Fixed []string
}

const (
	// filePoll is how often the files are looked at. A change is taken when the
	// next look finds it unchanged, so that a certificate and its key, or a file
	// written piece by piece, are not read half done: at most twice this long
	// after the last write.
	filePoll = 2 * time.Second
	// reloadLimit bounds one reload.
	reloadLimit = time.Minute
)

// reloader puts changed files in force, and keeps what was where the new one
// is wrong.
type reloader struct {
	mu    sync.Mutex // one at a time
	parts []*part
}

// part is one thing that can be loaded anew.
type part struct {
	what  string // its label in metrics: tls, settings, realm
	files []string
	load  func(context.Context) error

	seen  []stamp // at the last look
	taken []stamp // when load last ran
}

func (a *App) newReloader() *reloader {
	r := &reloader{}
	if a.tls != nil {
		r.add("tls", a.reloadTLS, a.cfg.TLSCertFile, a.cfg.TLSKeyFile)
	}
	if a.opt.Reread != nil {
		r.add("settings", a.reloadSettings, a.opt.SettingsFile)
	}
	if a.cfg.RealmFile != "" {
		r.add("realm", a.reloadRealm, a.cfg.RealmFile)
	}
	for _, p := range r.parts {
		a.metrics.Reloadable(p.what)
	}
	return r
}

func (r *reloader) add(what string, load func(context.Context) error, files ...string) {
	p := &part{what: what, load: load}
	for _, f := range files {
		if f != "" {
			p.files = append(p.files, f)
		}
	}
	p.seen, p.taken = p.look(), p.look()
	r.parts = append(r.parts, p)
}

func (p *part) look() []stamp {
	out := make([]stamp, len(p.files))
	for i, f := range p.files {
		out[i] = stampOf(f)
	}
	return out
}

func same(a, b []stamp) bool {
	for i := range a {
		if !a[i].same(b[i]) {
			return false
		}
	}
	return true
}

// due says that the files changed since they were taken, and rest.
func (p *part) due() bool {
	now := p.look()
	rests := same(now, p.seen)
	p.seen = now
	return rests && !same(now, p.taken)
}

// watchFiles reloads what changed, until ctx ends.
func (a *App) watchFiles(ctx context.Context) {
	for a.clock.Sleep(ctx, filePoll) == nil {
		a.reloader.mu.Lock()
		for _, p := range a.reloader.parts {
			if p.due() {
				a.reloadPart(ctx, p)
			}
		}
		a.reloader.mu.Unlock()
	}
}

// hangups reloads everything at each signal, until ctx ends.
func (a *App) hangups(ctx context.Context) {
	for {
		select {
		case <-a.opt.Hangup:
			a.Reload(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// Reload puts in force what can be loaded anew, whether its files changed or
// not: the certificate, the settings that need no restart, the realm file. What
// cannot be read stays as it was; log and metrics say so.
func (a *App) Reload(ctx context.Context) {
	a.notify(reloading())
	a.reloader.mu.Lock()
	defer a.reloader.mu.Unlock()
	for _, p := range a.reloader.parts {
		a.reloadPart(ctx, p)
	}
	a.notify(stateReady + "\n" + a.status())
}

func (a *App) reloadPart(ctx context.Context, p *part) {
	ctx, cancel := context.WithTimeout(ctx, reloadLimit)
	defer cancel()
	p.seen = p.look() // before the reading: what is written meanwhile is new
	p.taken = p.seen
	err := p.load(ctx)
	a.metrics.Reload(p.what, err == nil)
	if err != nil {
		a.log.Error("reload failed; what was in force stays", "what", p.what, "files", strings.Join(p.files, ", "), "error", err)
	}
}

func (a *App) reloadTLS(context.Context) error {
	if err := a.tls.reload(); err != nil {
		return err
	}
	a.log.Info("reloaded", "what", "tls", "file", a.cfg.TLSCertFile, "expires", a.tls.expires().UTC().Format(time.RFC3339))
	return nil
}

func (a *App) reloadSettings(context.Context) error {
	s, err := a.opt.Reread()
	if err != nil {
		return err
	}
	if a.opt.SetLogLevel != nil {
		if err := a.opt.SetLogLevel(s.LogLevel); err != nil {
			return err
		}
	}
	a.log.Info("reloaded", "what", "settings", "log_level", s.LogLevel)
	if len(s.Fixed) > 0 {
		a.log.Warn("these settings changed and wait for a restart", "settings", strings.Join(s.Fixed, ", "))
	}
	return nil
}

// reloadRealm puts the settings that the realm file states in force. What else
// it says differently is named, as at a start: an import brings it in.
func (a *App) reloadRealm(ctx context.Context) error {
	data, err := ReadRealmFile(a.cfg.RealmFile)
	if err != nil {
		return err
	}
	drafts, _, err := realmfile.Parse(a.cfg.RealmFile, data)
	if err != nil {
		return err
	}
	changed, err := a.replaceSettings(ctx, drafts)
	if err != nil {
		return err
	}
	report, err := a.CompareFile(ctx, a.cfg.RealmFile, data)
	if err != nil {
		return err
	}
	a.Tell(report)
	a.log.Info("reloaded", "what", "realm", "file", a.cfg.RealmFile, "changed", changed)
	return nil
}

// staleTries is how often a setting is judged anew that somebody else changed
// at the same moment.
const staleTries = 3

func (a *App) replaceSettings(ctx context.Context, drafts []realmfile.Draft) (changed int, err error) {
	for range staleTries {
		changed, err = a.replaceOnce(ctx, drafts)
		if !errors.Is(err, iam.ErrStale) {
			break
		}
	}
	if err == nil && changed > 0 {
		err = a.snapshot.Reload(ctx)
	}
	return changed, err
}

func (a *App) replaceOnce(ctx context.Context, drafts []realmfile.Draft) (changed int, err error) {
	rows, err := a.store.LoadConfig(ctx)
	if err != nil {
		return 0, err
	}
	for _, c := range admin.SettingsChanges(rows, drafts) {
		for _, line := range c.Kept {
			a.log.Warn("realm file", "kept_as_stored", line)
		}
		if len(c.Changed) == 0 {
			continue
		}
		ev := iam.Event{ID: secret.NewID(), At: a.clock.Now().UnixMilli(), RealmID: c.Prev.ID, Type: iam.EventAdminUpdate,
			Details: map[string]string{"resourceType": "REALM", "resourcePath": c.Prev.Name, "actor": "realm file"}}
		if _, err := a.store.ReplaceRealm(ctx, c.Prev, c.Next, nil, &ev); err != nil {
			return changed, fmt.Errorf("realm %s: %w", c.Prev.Name, err)
		}
		for _, line := range c.Changed {
			a.log.Info("realm setting changed", "change", line)
		}
		changed += len(c.Changed)
	}
	return changed, nil
}

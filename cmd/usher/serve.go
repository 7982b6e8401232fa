package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/config"
)

func (w *world) serveCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run Usher for production",
		Long: `Run Usher for production. Settings come from flags, else from the environment
(USHER_ and the setting's name in capitals), else from the file, else from
defaults. Unsafe settings are refused, all of them at once.`,
		Args: cobra.NoArgs,
	}
	c.Flags().StringVar(&file, "config", "", "settings in YAML, a `file`")
	for _, s := range config.Settings() {
		c.Flags().String(s.Flag(), "", s.Help)
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		flags := map[string]string{}
		c.Flags().Visit(func(f *pflag.Flag) {
			if f.Name != "config" {
				flags[f.Name] = f.Value.String()
			}
		})
		return w.serve(c.Context(), file, flags)
	}
	return c
}

func (w *world) serve(ctx context.Context, file string, flags map[string]string) (err error) {
	if err := harden(); err != nil {
		return failed(err, "")
	}
	manager, err := w.serviceManager()
	if err != nil {
		return err
	}
	c, err := w.settings(file, flags, manager)
	if err != nil {
		return err
	}
	log, setLevel, err := app.NewLog(w.stderr, c.LogFormat, c.LogLevel)
	if err != nil {
		return usage(err, "")
	}
	realm, err := readRealmFile(c.RealmFile)
	if err != nil {
		return err
	}
	key, err := app.ReadMasterKey(c.MasterKeyFile)
	if err != nil {
		return failed(err, "the file holds 32 random bytes in base64, e.g. made by: head -c 32 /dev/urandom | base64")
	}
	b := readBuild()
	trace, err := w.tracer(ctx, c, b, log)
	if err != nil {
		return err
	}
	a, err := app.New(ctx, appConfig(c, key), app.Options{
		Log: log, Build: app.Build{Version: b.version, Commit: b.commit, Go: runtime.Version()},
		Listeners: manager.listeners, Notify: manager.notify, Watchdog: manager.watchdog,
		Hangup: hangups(ctx), SettingsFile: file, Reread: w.reread(c, file, flags, manager), SetLogLevel: setLevel,
		Trace: trace,
	})
	if err != nil {
		return notOpened(err, c.Listen, c.ManagementListen, "management-listen", c.Data, c.MasterKeyFile)
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := serveImport(ctx, a, c.RealmFile, realm); err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return startFailure(err, c.MasterKeyFile)
	}
	log.Info("listening", "version", b.version, "public_url", a.PublicURL(), "listen", a.Addr(), "management", a.ManagementURL())
	return a.Run(ctx, w.now)
}

// reread reads the settings as at the start. What the start took of them and
// cannot change is named.
func (w *world) reread(started config.Config, file string, flags map[string]string, manager *manager) func() (app.Settings, error) {
	return func() (app.Settings, error) {
		c, err := w.settings(file, flags, manager)
		if err != nil {
			return app.Settings{}, err
		}
		fixed := slices.DeleteFunc(config.Changed(&started, &c), func(name string) bool { return name == "log_level" })
		return app.Settings{LogLevel: c.LogLevel, Fixed: fixed}, nil
	}
}

// tracer sends spans where the variables of OpenTelemetry ask for them.
func (w *world) tracer(ctx context.Context, c config.Config, b build, log *slog.Logger) (*app.Tracer, error) {
	wanted, err := app.TracesWanted(w.variable)
	if err != nil {
		return nil, usage(err, "unset the variable, or set OTEL_TRACES_EXPORTER=none")
	}
	if !wanted {
		return nil, nil // no tracer is an answer
	}
	t, err := app.NewTracer(ctx, b.version, c.LogPII, log)
	if err != nil {
		return nil, usage(fmt.Errorf("traces: %w", err), "correct the OTEL_ variables, or set OTEL_TRACES_EXPORTER=none")
	}
	return t, nil
}

// settings reads and checks everything and lists all mistakes at once.
func (w *world) settings(file string, flags map[string]string, manager *manager) (config.Config, error) {
	s := config.Sources{File: file, Flags: flags, Environ: usherVariables(w.environ), Credentials: w.variable("CREDENTIALS_DIRECTORY")}
	if file != "" {
		var err error
		if s.FileData, err = app.ReadSmallFile(file); err != nil {
			return config.Config{}, usage(err, "name the settings file with --config FILE")
		}
	}
	c, problems := config.Load(s)
	manager.addresses(&c)
	if !problems.Unreadable() {
		problems = append(problems, c.Check(fileSystem())...)
	}
	if len(problems) == 0 {
		return c, nil
	}
	count := "1 setting is"
	if len(problems) > 1 {
		count = fmt.Sprintf("%d settings are", len(problems))
	}
	return c, usage(fmt.Errorf("%s wrong or unsafe\n%w", count, problems), "`usher serve --help` lists the settings; `usher dev` needs none")
}

// variable is one of the environment, "" when it is not set.
func (w *world) variable(name string) string {
	for _, pair := range w.environ {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}

// usherVariables picks our variables out of an environment.
func usherVariables(environ []string) map[string]string {
	out := map[string]string{}
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, "USHER_") {
			out[name] = value
		}
	}
	return out
}

func appConfig(c config.Config, key []byte) app.Config {
	return app.Config{
		PublicURL: c.PublicURL, Listen: c.Listen, ManagementListen: c.ManagementListen,
		TLSCertFile: c.TLSCertFile, TLSKeyFile: c.TLSKeyFile, Data: c.Data, MasterKey: key, MasterKeyFile: c.MasterKeyFile,
		RealmFile: c.RealmFile, EventRetention: c.EventRetention, LogPII: c.LogPII, KeycloakMetrics: c.KeycloakMetrics,
		TrustedProxies: c.TrustedProxies, APIRateLimit: c.APIRateLimit,
		DrainDelay: c.DrainDelay, ShutdownTimeout: c.ShutdownTimeout, RevocationGrace: c.RevocationGrace,
		NoLogin: !slices.Contains(c.Serve, "login"), NoAPI: !slices.Contains(c.Serve, "api"),
	}
}

// serveImport brings the realm file into an empty store and compares it with a
// full one.
func serveImport(ctx context.Context, a *app.App, name string, data []byte) error {
	if name == "" {
		return nil
	}
	full, err := a.HasRealm(ctx, "")
	if err != nil {
		return failed(err, "")
	}
	bring := a.ImportFile
	if full {
		bring = a.CompareFile
	}
	report, err := bring(ctx, name, data)
	if err != nil {
		return failed(err, "nothing was imported; correct the file and start again")
	}
	a.Tell(report)
	return nil
}

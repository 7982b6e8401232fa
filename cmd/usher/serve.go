package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
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
	c, err := w.settings(file, flags)
	if err != nil {
		return err
	}
	log, err := app.NewLogger(w.stderr, c.LogFormat, c.LogLevel)
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
	a, err := app.New(ctx, appConfig(c, key), app.Options{
		Log: log, Build: app.Build{Version: b.version, Commit: b.commit, Go: runtime.Version()},
	})
	if err != nil {
		return failed(err, openHint(err, c.Listen, c.ManagementListen, "management-listen", c.Data))
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := serveImport(ctx, a, log, c.RealmFile, realm); err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return startFailure(err, c.MasterKeyFile)
	}
	log.Info("ready", "version", b.version, "public_url", a.PublicURL(), "listen", a.Addr(), "management", a.ManagementURL())
	return a.Run(ctx, w.now)
}

// settings reads and checks everything and lists all mistakes at once.
func (w *world) settings(file string, flags map[string]string) (config.Config, error) {
	s := config.Sources{File: file, Flags: flags, Environ: usherVariables(w.environ)}
	if file != "" {
		var err error
		if s.FileData, err = os.ReadFile(file); err != nil {
			return config.Config{}, usage(err, "name the settings file with --config FILE")
		}
	}
	c, problems := config.Load(s)
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
		TLSCertFile: c.TLSCertFile, TLSKeyFile: c.TLSKeyFile, Data: c.Data, MasterKey: key,
		TrustedProxies: c.TrustedProxies, APIRateLimit: c.APIRateLimit,
		DrainDelay: c.DrainDelay, ShutdownTimeout: c.ShutdownTimeout, RevocationGrace: c.RevocationGrace,
		NoLogin: !slices.Contains(c.Serve, "login"), NoAPI: !slices.Contains(c.Serve, "api"),
	}
}

// serveImport brings the realm file into an empty store and compares it with a
// full one.
func serveImport(ctx context.Context, a *app.App, log *slog.Logger, name string, data []byte) error {
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
	for _, line := range report.Warnings {
		log.Warn("realm file", "warning", line)
	}
	for _, line := range report.Differences {
		log.Warn("realm file", "kept_as_stored", line)
	}
	for _, r := range report.Created {
		log.Info("realm imported", "realm", r)
	}
	return nil
}

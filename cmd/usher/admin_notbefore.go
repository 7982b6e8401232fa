package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/api"
)

func (a *admin) notBeforeCommand() *cobra.Command {
	var client, user, at string
	var clear bool
	c := a.command("not-before", "Refuse the tokens issued before a moment", func(ctx context.Context, _ []string) error {
		in := api.SetNotBefore{Scope: api.ScopeRealm}
		what := "realm " + a.realm
		switch {
		case client != "" && user != "":
			return usage(errors.New("--client and --user exclude each other"), "run the command once for each")
		case client != "":
			in.Scope, in.Name, what = api.ScopeClient, client, "client "+client
		case user != "":
			in.Scope, in.Name, what = api.ScopeUser, user, "user "+user
		}
		if err := moment(&in, at, clear); err != nil {
			return err
		}
		if err := a.sureNotBefore(ctx, what, in); err != nil {
			return err
		}
		var out api.NotBefore
		if err := a.call(ctx, http.MethodPost, api.AdminPath(api.AdminNotBefore, a.realm), nil, in, &out); err != nil {
			return err
		}
		if !a.table() {
			return printJSON(a, out)
		}
		if out.At == 0 {
			a.say("%s has no not-before", what)
			return nil
		}
		a.say("tokens of %s issued before %s are refused", what, seconds(out.At))
		return nil
	})
	c.Long = `Refuse the tokens of the realm, or of one client or user, that were issued
before a moment: now, unless --at names another. People log in anew. A moment
earlier than the one in force, and --clear, make good again what was refused.`
	f := c.Flags()
	f.StringVar(&client, "client", "", "only those of this client, its clientId as `id`")
	f.StringVar(&user, "user", "", "only those of this user: `name`, e-mail address or id")
	f.StringVar(&at, "at", "", "the `moment`: 2026-03-01, 2026-03-01T12:00:00Z, Unix seconds, or how long ago, such as 90m or 2d")
	f.BoolVar(&clear, "clear", false, "refuse none for their age any more")
	return a.yesFlag(c)
}

// sureNotBefore asks, once, before an order that makes refused tokens good
// again or that everybody in the realm feels.
func (a *admin) sureNotBefore(ctx context.Context, what string, in api.SetNotBefore) error {
	if a.yes {
		return nil
	}
	if in.At != nil {
		stored, err := a.storedNotBefore(ctx, in)
		if err != nil {
			return err
		}
		if *in.At < stored {
			return a.sure(ctx, "Tokens of "+what+" issued before "+seconds(stored)+" are refused; what was refused becomes good again unless it has ended. Go on?")
		}
	}
	if in.Scope == api.ScopeRealm && (in.At == nil || *in.At != 0) {
		return a.sure(ctx, "Refuse the tokens of everybody in "+what+" that were issued before "+momentName(in.At)+"?")
	}
	return nil
}

// storedNotBefore is the not-before in force, Unix s.
func (a *admin) storedNotBefore(ctx context.Context, in api.SetNotBefore) (int64, error) {
	switch in.Scope {
	case api.ScopeClient:
		var c api.Client
		err := a.call(ctx, http.MethodGet, api.AdminPath(api.AdminClient, a.realm, in.Name), nil, nil, &c)
		return c.NotBefore, err
	case api.ScopeUser:
		var u api.User
		err := a.call(ctx, http.MethodGet, a.userPath(api.AdminUser, in.Name), nil, nil, &u)
		return u.NotBefore, err
	}
	realms, err := list[api.Realm](ctx, a, api.AdminRealms, nil, 0)
	for _, r := range realms {
		if r.Name == a.realm {
			return r.NotBefore, err
		}
	}
	return 0, err
}

func moment(in *api.SetNotBefore, at string, clear bool) error {
	switch {
	case clear && at != "":
		return usage(errors.New("--at and --clear exclude each other"), "give one of them")
	case clear:
		in.At = new(int64)
	case at != "":
		t, err := parseMoment("--at", at)
		if err != nil {
			return err
		}
		s := t.Unix()
		in.At = &s
	}
	return nil
}

func momentName(at *int64) string {
	if at == nil {
		return "now"
	}
	return seconds(*at)
}

// parseMoment reads a date, a date with time (local without a zone), Unix
// seconds, or how long ago.
func parseMoment(flag, s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= 0 {
		return time.Unix(n, 0), nil
	}
	if days, ok := cutDays(s); ok {
		return time.Now().AddDate(0, 0, -days), nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return time.Now().Add(-d), nil
	}
	return time.Time{}, usage(fmt.Errorf("%s %s: not a moment", flag, s),
		"write e.g. 2026-03-01, 2026-03-01T12:00:00Z, Unix seconds, or how long ago: 90m, 2d")
}

func cutDays(s string) (int, bool) {
	if len(s) < 2 || s[len(s)-1] != 'd' {
		return 0, false
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	return n, err == nil && n >= 0 && n < 100_000
}

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/api"
)

func (a *admin) usersCommand() *cobra.Command {
	c := group("users", "People and their passwords", "People and their passwords. NAME is a user's name, e-mail address or id.")
	c.AddCommand(a.usersList(), a.usersShow(), a.usersAdd(), a.usersPassword(),
		a.usersOrder("enable", "Let a user log in again", api.AdminUserEnable, "is enabled", "was enabled already"),
		a.usersOrder("disable", "Keep a user out: every token is refused at once", api.AdminUserDisable, "is disabled", "was disabled already"),
		a.usersOrder("unlock", "Forget a user's wrong passwords, and the wait they led to", api.AdminUserUnlock, "is unlocked", "was not locked"),
		a.usersDelete(),
	)
	return c
}

func (a *admin) usersList() *cobra.Command {
	var search string
	var limit int
	c := a.command("list", "List users by name", func(ctx context.Context, _ []string) error {
		q := url.Values{}
		if search != "" {
			q.Set("search", search)
		}
		users, err := list[api.User](ctx, a, api.AdminPath(api.AdminUsers, a.realm), q, limit)
		if err != nil {
			return err
		}
		return printList(a, users, "user", []string{"NAME", "E-MAIL", "ENABLED", "CREATED", "ID"}, func(u api.User) []string {
			return []string{u.Username, u.Email, yesNo(u.Enabled), milli(u.CreatedAt), u.ID}
		})
	})
	c.Flags().StringVar(&search, "search", "", "only those with this `text` in name, e-mail address, first or last name")
	c.Flags().IntVar(&limit, "limit", 0, "at most this `number`; 0: all")
	return c
}

func (a *admin) usersShow() *cobra.Command {
	return a.command("show NAME", "Show one user, without secrets", func(ctx context.Context, args []string) error {
		var u api.User
		if err := a.call(ctx, http.MethodGet, a.userPath(api.AdminUser, args[0]), nil, nil, &u); err != nil {
			return err
		}
		return printOne(a, u, userFacts(u))
	})
}

func (a *admin) userPath(route, name string) string { return api.AdminPath(route, a.realm, name) }

func userFacts(u api.User) [][2]string {
	facts := [][2]string{
		{"name", u.Username}, {"id", u.ID}, {"e-mail", u.Email}, {"first name", u.FirstName}, {"last name", u.LastName},
		{"enabled", yesNo(u.Enabled)}, {"password", yesNo(u.HasPassword)}, {"credentials", strings.Join(u.Credentials, ", ")},
		{"created", milli(u.CreatedAt)}, {"not before", seconds(u.NotBefore)},
		{"must do", strings.Join(u.RequiredActions, ", ")}, {"realm roles", strings.Join(u.RealmRoles, ", ")},
	}
	for _, client := range slices.Sorted(maps.Keys(u.ClientRoles)) {
		facts = append(facts, [2]string{"roles of " + client, strings.Join(u.ClientRoles[client], ", ")})
	}
	facts = append(facts, [2]string{"groups", strings.Join(u.Groups, ", ")}, [2]string{"service account of", u.ServiceAccountOf},
		[2]string{"VideoManagers", numbers(u.VideoManagers)})
	for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
		facts = append(facts, [2]string{"attribute " + name, strings.Join(u.Attributes[name], ", ")})
	}
	if l := u.Lock; l != nil {
		facts = append(facts, [2]string{"wrong passwords", fmt.Sprintf("%d, the last %s", l.Failures, milli(l.LastAt))},
			[2]string{"waits until", milli(l.WaitUntil)})
		if l.Locked {
			facts = append(facts, [2]string{"locked", "until `usher admin users unlock`"})
		}
	}
	return facts
}

func numbers(ids []int64) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(texts, ", ")
}

// usersOrder is a command that orders one thing of a user.
func (a *admin) usersOrder(name, short, route, done, already string) *cobra.Command {
	return a.command(name+" NAME", short, func(ctx context.Context, args []string) error {
		return a.order(ctx, a.userPath(route, args[0]), nil, "user "+args[0]+" "+done, "user "+args[0]+" "+already)
	})
}

func (a *admin) usersDelete() *cobra.Command {
	return a.yesFlag(a.command("delete NAME", "Delete a user for good", func(ctx context.Context, args []string) error {
		if !a.yes && a.prompter().Can() {
			if err := a.call(ctx, http.MethodGet, a.userPath(api.AdminUser, args[0]), nil, nil, &api.User{}); err != nil {
				return err // nobody is asked about nobody
			}
		}
		if err := a.sure(ctx, "Delete user "+args[0]+" of realm "+a.realm+" for good?"); err != nil {
			return err
		}
		var out api.Done
		if err := a.call(ctx, http.MethodDelete, a.userPath(api.AdminUser, args[0]), nil, nil, &out); err != nil {
			return err
		}
		return a.done(out, "user "+args[0]+" is deleted", "")
	}))
}

// userMade is what `users add --generate` prints: the password this once.
type userMade struct {
	api.User
	Password string `json:"password,omitempty"`
}

func (a *admin) usersAdd() *cobra.Command {
	var in api.NewUser
	var p passwordFlags
	var clientRoles []string
	c := a.command("add NAME", "Add a user", func(ctx context.Context, args []string) (err error) {
		in.Username = args[0]
		if in.ClientRoles, err = rolesOfClients(clientRoles); err != nil {
			return err
		}
		var shown bool
		if in.Password, shown, err = a.newPassword(ctx, p); err != nil {
			return err
		}
		in.Temporary = p.temporary
		var out userMade
		if err := a.call(ctx, http.MethodPost, api.AdminPath(api.AdminUsers, a.realm), nil, in, &out.User); err != nil {
			return err
		}
		if shown {
			out.Password = *in.Password
			return printSecret(a, "user "+out.Username+" is added; the password, shown this once:", out.Password, out)
		}
		if !a.table() {
			return printJSON(a, out)
		}
		a.say("user %s is added, id %s", out.Username, out.ID)
		return nil
	})
	p.add(c)
	f := c.Flags()
	f.BoolVar(&p.none, "no-password", false, "set no password yet")
	f.StringVar(&in.Email, "email", "", "e-mail `address`")
	f.BoolVar(&in.EmailVerified, "email-verified", false, "the address is known to be the user's")
	f.StringVar(&in.FirstName, "first-name", "", "first `name`")
	f.StringVar(&in.LastName, "last-name", "", "last `name`")
	f.BoolVar(&in.Disabled, "disabled", false, "do not let the user log in yet")
	f.StringArrayVar(&in.RealmRoles, "role", nil, "`name` of a realm role; may be repeated")
	f.StringArrayVar(&clientRoles, "client-role", nil, "a role of a client, `CLIENT:ROLE`; may be repeated")
	f.StringArrayVar(&in.Groups, "group", nil, "`path` of a group; may be repeated")
	f.Int64SliceVar(&in.VideoManagers, "vm", nil, "`id` of a VideoManager the user is a member of; may be repeated")
	f.BoolVar(&in.AllVideoManagers, "all-vms", false, "the user is a member of every VideoManager there is")
	return c
}

// rolesOfClients reads CLIENT:ROLE. The role begins behind the last colon: a
// clientId may be a URL.
func rolesOfClients(flags []string) (map[string][]string, error) {
	out := map[string][]string{}
	for _, s := range flags {
		at := strings.LastIndexByte(s, ':')
		if at < 1 || at == len(s)-1 {
			return nil, usage(errors.New("--client-role needs CLIENT:ROLE"), "write e.g. --client-role account:view-profile")
		}
		out[s[:at]] = append(out[s[:at]], s[at+1:])
	}
	return out, nil
}

// passwordMade is what `users passwd` prints.
type passwordMade struct {
	api.Done
	Password string `json:"password,omitempty"`
}

func (a *admin) usersPassword() *cobra.Command {
	var p passwordFlags
	c := a.command("passwd NAME", "Set a user's password; the user's sessions end", func(ctx context.Context, args []string) error {
		if !p.stdin && !p.generate && a.prompter().Can() {
			if err := a.call(ctx, http.MethodGet, a.userPath(api.AdminUser, args[0]), nil, nil, &api.User{}); err != nil {
				return err // before somebody thinks of a password
			}
		}
		password, shown, err := a.newPassword(ctx, p)
		if err != nil {
			return err
		}
		var out passwordMade
		in := api.NewPassword{Password: *password, Temporary: p.temporary}
		if err := a.call(ctx, http.MethodPost, a.userPath(api.AdminUserPassword, args[0]), nil, in, &out.Done); err != nil {
			return err
		}
		if shown {
			out.Password = *password
			return printSecret(a, "the password of user "+args[0]+" is set, shown this once:", out.Password, out)
		}
		return a.done(out.Done, "the password of user "+args[0]+" is set", "")
	})
	p.add(c)
	return c
}

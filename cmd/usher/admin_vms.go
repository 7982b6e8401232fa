package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/cli"
)

func (a *admin) vmsCommand() *cobra.Command {
	c := group("vms", "VideoManagers and their members", "VideoManagers and their members.")
	c.AddCommand(a.vmsList(), a.vmsAdd(), a.vmsMembers())
	return c
}

func (a *admin) vmsList() *cobra.Command {
	return a.command("list", "List VideoManagers", func(ctx context.Context, _ []string) error {
		vms, err := list[api.ManagedVideoManager](ctx, a, api.AdminPath(api.AdminVideoManagers, a.realm), nil, 0)
		if err != nil {
			return err
		}
		return printList(a, vms, "VideoManager", []string{"ID", "NAME", "MEMBERS", "UUID"}, func(m api.ManagedVideoManager) []string {
			return []string{strconv.FormatInt(m.ID, 10), m.Name, strconv.Itoa(m.Members), m.UUID}
		})
	})
}

func (a *admin) vmsAdd() *cobra.Command {
	var in api.NewVideoManager
	var file string
	c := a.command("add NAME", "Add a VideoManager", func(ctx context.Context, args []string) (err error) {
		in.Name = args[0]
		if in.Configuration, err = a.configuration(file); err != nil {
			return err
		}
		var out api.ManagedVideoManager
		if err := a.call(ctx, http.MethodPost, api.AdminPath(api.AdminVideoManagers, a.realm), nil, in, &out); err != nil {
			return err
		}
		if !a.table() {
			return printJSON(a, out)
		}
		a.say("VideoManager %s is added, id %d", out.Name, out.ID)
		return nil
	})
	f := c.Flags()
	f.Int64Var(&in.ID, "id", 0, "its `number` (else the next free one)")
	f.StringVar(&in.UUID, "uuid", "", "its `UUID` (else a new one)")
	f.StringVar(&file, "configuration", "", "its configuration, a `file` with a JSON object; - is standard input")
	f.StringArrayVar(&in.Members, "member", nil, "a member: `name`, e-mail address or id; may be repeated")
	return c
}

// configuration reads the JSON object of a VideoManager.
func (a *admin) configuration(file string) (json.RawMessage, error) {
	if file == "" {
		return nil, nil
	}
	text, err := a.smallFile(file)
	if err != nil {
		return nil, failed(err, "name a file with a JSON object by --configuration")
	}
	if !json.Valid(text) {
		return nil, failed(fmt.Errorf("%s is not JSON", file), `write an object, e.g. {"quality": "high"}`)
	}
	return text, nil
}

func (a *admin) vmsMembers() *cobra.Command {
	var in api.ChangeMembers
	c := a.command("members ID", "List the members of a VideoManager, or change them", func(ctx context.Context, args []string) error {
		if n, err := strconv.ParseInt(args[0], 10, 64); err != nil || n < 1 {
			return usage(fmt.Errorf("%q is not the number of a VideoManager", args[0]), "`usher admin vms list` shows the numbers")
		}
		path := api.AdminPath(api.AdminMembers, a.realm, args[0])
		if len(in.Add)+len(in.Remove) > 0 {
			return a.changeMembers(ctx, path, args[0], in)
		}
		members, err := list[api.Member](ctx, a, path, nil, 0)
		if err != nil {
			return err
		}
		return printList(a, members, "member", []string{"NAME", "ID"}, func(m api.Member) []string { return []string{m.Username, m.ID} })
	})
	c.Flags().StringArrayVar(&in.Add, "add", nil, "make this user a member: `name`, e-mail address or id; may be repeated")
	c.Flags().StringArrayVar(&in.Remove, "remove", nil, "this user, a `name`, e-mail address or id, is a member no more; may be repeated")
	return c
}

func (a *admin) changeMembers(ctx context.Context, path, id string, in api.ChangeMembers) error {
	for _, name := range append(in.Add, in.Remove...) {
		if name == "" {
			return usage(errors.New("a name is empty"), "name users with --add and --remove")
		}
	}
	var out api.MembersChanged
	if err := a.call(ctx, http.MethodPost, path, nil, in, &out); err != nil {
		return err
	}
	if !a.table() {
		return printJSON(a, out)
	}
	a.say("VideoManager %s: %d added, %d removed; it has %s", id, out.Added, out.Removed, cli.Count(int64(out.Members), "member"))
	return nil
}

package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/cli"
)

func (a *admin) keysCommand() *cobra.Command {
	c := group("keys", "The keys that sign tokens", "The keys that sign tokens.")
	c.AddCommand(a.keysList(), a.keysRotate(), a.keysDisable())
	return c
}

func (a *admin) keysList() *cobra.Command {
	return a.command("list", "List signing keys, and what a rotation does next", func(ctx context.Context, _ []string) error {
		keys, err := list[api.Key](ctx, a, api.AdminPath(api.AdminKeys, a.realm), nil, 0)
		if err != nil {
			return err
		}
		return a.printKeys(keys)
	})
}

func (a *admin) printKeys(keys []api.Key) error {
	return printList(a, keys, "key", []string{"KID", "ALGORITHM", "STATUS", "SIGNS", "PRIORITY", "CREATED", "NEXT"}, func(k api.Key) []string {
		return []string{k.KID, k.Algorithm, k.Status, yesNo(k.Signs), strconv.Itoa(k.Priority), milli(k.CreatedAt), nextOfKey(k)}
	})
}

// nextOfKey is the next step of a rotation.
func nextOfKey(k api.Key) string {
	switch {
	case k.ActivateAt != 0:
		return "signs from " + milli(k.ActivateAt)
	case k.RetireAt != 0:
		return "verifies only from " + milli(k.RetireAt)
	case k.RemoveAt != 0:
		return "removed " + milli(k.RemoveAt)
	}
	return ""
}

func (a *admin) keysRotate() *cobra.Command {
	var in api.RotateKeys
	c := a.command("rotate", "Make new signing keys", func(ctx context.Context, _ []string) error {
		if in.Immediately {
			which := strings.TrimSpace("present " + in.Algorithm)
			if err := a.sure(ctx, "Refuse everything that the "+which+" keys of realm "+a.realm+" signed, at once?"); err != nil {
				return err
			}
		}
		return a.changeKeys(ctx, api.AdminPath(api.AdminKeysRotate, a.realm), in)
	})
	c.Long = `Make new signing keys. They are published at once, sign when every verifier has
had time to fetch them, and the old ones verify until what they signed has ended.
--now is for keys that got out: the new ones sign at once, and what the old ones
signed is refused.`
	c.Flags().StringVar(&in.Algorithm, "algorithm", "", "only for `RS256`, PS256, ES256, EdDSA or HS512 (else every algorithm in use)")
	c.Flags().BoolVar(&in.Immediately, "now", false, "refuse what the old keys signed, at once")
	return a.yesFlag(c)
}

func (a *admin) keysDisable() *cobra.Command {
	c := a.command("disable KID", "Disable a key: what it signed is refused", func(ctx context.Context, args []string) error {
		if err := a.sure(ctx, "Refuse everything that key "+args[0]+" signed, at once?"); err != nil {
			return err
		}
		return a.changeKeys(ctx, api.AdminPath(api.AdminKeyDisable, a.realm, args[0]), nil)
	})
	c.Long = `Disable a key: what it signed is refused. Write -- before a KID that begins with
a dash.`
	return a.yesFlag(c)
}

func (a *admin) changeKeys(ctx context.Context, path string, in any) error {
	var out api.KeysChanged
	if err := a.call(ctx, http.MethodPost, path, nil, in, &out); err != nil {
		return err
	}
	a.say("the realm has %s now", cli.Count(int64(len(out.Keys)), "key"))
	return a.printKeys(out.Keys)
}

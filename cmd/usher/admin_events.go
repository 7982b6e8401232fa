package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/cli"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/nearest"
)

// eventFlags say which events are wanted.
type eventFlags struct {
	user, client, kind, fault, errorID, session, from, to string

	limit  int
	follow bool
}

func (a *admin) eventsCommand() *cobra.Command {
	var f eventFlags
	var cmd *cobra.Command
	cmd = a.command("events", "Search the record of what happened, and follow it", func(ctx context.Context, _ []string) error {
		q, err := f.query()
		if err != nil {
			return err
		}
		if cmd.Flags().Changed("realm") || f.user != "" { // a name is one person's within a realm
			q.Set("realm", a.realm)
		}
		if f.follow {
			if !cmd.Flags().Changed("limit") {
				f.limit = 10
			}
			return a.followEvents(ctx, q, f.limit)
		}
		events, err := a.lastEvents(ctx, q, f.limit)
		if err != nil {
			return err
		}
		return printList(a, events, "event", []string{"TIME", "TYPE", "REALM", "CLIENT", "USER", "FROM", "ERROR", "DETAILS", "ID"}, eventRow)
	})
	cmd.Long = `Search the record of what happened: the last events that fit, oldest first, of all
realms unless --realm or --user is given. --follow goes on with new ones, as they happen.

  usher admin events --user anna@example.org --from 2d
  usher admin events --type LOGIN_ERROR --follow
  usher admin events --error-id 2f1c…        what an error_id in an answer was about`
	fl := cmd.Flags()
	fl.StringVar(&f.user, "user", "", "only those of this user: `name`, e-mail address or id")
	fl.StringVar(&f.client, "client", "", "only those of this client, its clientId as `id`")
	fl.StringVar(&f.kind, "type", "", "only those of this `type`, e.g. LOGIN_ERROR")
	fl.StringVar(&f.fault, "error", "", "only those with this `error`, e.g. invalid_user_credentials")
	fl.StringVar(&f.errorID, "error-id", "", "the one with this `id`")
	fl.StringVar(&f.session, "session", "", "only those of this session, an `id`")
	fl.StringVar(&f.from, "from", "", "from this `moment` on: 2026-03-01, 2026-03-01T12:00:00Z, Unix seconds, or how long ago: 90m, 2d")
	fl.StringVar(&f.to, "to", "", "up to this `moment`")
	fl.IntVar(&f.limit, "limit", 100, "the last `number` of them; 0: all")
	fl.BoolVarP(&f.follow, "follow", "f", false, "go on with new ones (from the last 10, or --limit)")
	cmd.AddCommand(a.eventsVerify(), a.eventsCheckpoint())
	return cmd
}

func (f *eventFlags) query() (url.Values, error) {
	q := url.Values{}
	if known := iam.EventTypes(); f.kind != "" && !slices.Contains(known, f.kind) {
		hint := "the types are " + strings.Join(known, ", ")
		if near := nearest.Name(strings.ToUpper(f.kind), 4, known); near != "" {
			hint = "did you mean " + near + "?"
		}
		return nil, usage(fmt.Errorf("--type %s: no event has this type", f.kind), hint)
	}
	for name, value := range map[string]string{"user": f.user, "client": f.client, "type": f.kind, "error": f.fault, "error_id": f.errorID, "session": f.session} {
		if value != "" {
			q.Set(name, value)
		}
	}
	at := map[string]time.Time{}
	for name, value := range map[string]string{"from": f.from, "to": f.to} {
		if value == "" {
			continue
		}
		t, err := parseMoment("--"+name, value)
		if err != nil {
			return nil, err
		}
		at[name] = t
		q.Set(name, strconv.FormatInt(t.UnixMilli(), 10))
	}
	if f.from != "" && f.to != "" && at["to"].Before(at["from"]) {
		return nil, usage(errors.New("--to lies before --from"), "nothing can have happened between them: exchange the two")
	}
	if f.follow && f.to != "" {
		return nil, usage(errors.New("--follow and --to exclude each other"), "new events come after every past moment")
	}
	if f.limit < 0 {
		return nil, usage(fmt.Errorf("--limit %d: a number from 0 on is needed", f.limit), "0 is all of them")
	}
	return q, nil
}

// lastEvents are the last limit events that fit, oldest first; 0: all.
func (a *admin) lastEvents(ctx context.Context, q url.Values, limit int) ([]api.Event, error) {
	q = maps.Clone(q)
	q.Set("newest", "true")
	events, err := list[api.Event](ctx, a, api.AdminEvents, q, limit)
	slices.Reverse(events)
	return events, err
}

// eventWait is how long the server holds a question for new events, in seconds.
const eventWait = 25

// followEvents prints the last events and then each new one, until it is
// interrupted.
func (a *admin) followEvents(ctx context.Context, q url.Values, limit int) error {
	var s api.Status
	if err := a.call(ctx, http.MethodGet, api.AdminStatus, nil, nil, &s); err != nil {
		return err
	}
	if !s.Online {
		return failed(errors.New("no server runs: nothing will happen"), "start one, or leave --follow out")
	}
	// Read before the last ones: what happens between is shown by the first wait.
	newest, err := a.lastEvents(ctx, url.Values{}, 1)
	if err != nil {
		return err
	}
	var after int64
	if len(newest) > 0 {
		after = newest[0].Row
	}
	events := []api.Event{}
	if limit > 0 {
		if events, err = a.lastEvents(ctx, q, limit); err != nil {
			return err
		}
	}
	q = maps.Clone(q)
	q.Set("wait", strconv.Itoa(eventWait))
	for {
		for _, e := range events {
			if err := a.printEvent(e); err != nil {
				return err
			}
			after = max(after, e.Row)
		}
		q.Set("after", strconv.FormatInt(after, 10))
		var page api.Page[api.Event]
		if err := a.call(ctx, http.MethodGet, api.AdminEvents, q, nil, &page); err != nil {
			return err
		}
		events = page.Items
	}
}

// printEvent prints one line at a time, since none knows how wide the next is.
func (a *admin) printEvent(e api.Event) error {
	if !a.table() {
		return printJSON(a, e)
	}
	cells := eventRow(e)
	cells[0], _, _ = strings.Cut(cells[0], " (") // it happens now
	cells = slices.DeleteFunc(cells, func(c string) bool { return c == "" })
	_, err := fmt.Fprintln(a.stdout, cli.Clean(strings.Join(cells, "  ")))
	return err
}

// eventRow shows the user by name where the event has it.
func eventRow(e api.Event) []string {
	user := e.UserID
	var details []string
	for _, name := range slices.Sorted(maps.Keys(e.Details)) {
		if name == "username" {
			user = e.Details[name]
			continue
		}
		details = append(details, name+"="+e.Details[name])
	}
	return []string{milli(e.At), e.Type, e.Realm, e.ClientID, user, e.Address, e.Error, strings.Join(details, " "), e.ID}
}

func (a *admin) eventsVerify() *cobra.Command {
	var file string
	c := a.command("verify", "Read the whole record and find what is not as it was written", func(ctx context.Context, _ []string) error {
		var in api.VerifyEvents
		if file != "" {
			text, err := a.smallFile(file)
			if err != nil {
				return failed(err, "name a file that `usher admin events checkpoint` wrote")
			}
			if !json.Valid(text) {
				return failed(fmt.Errorf("%s is not JSON", file), "name a file that `usher admin events checkpoint` wrote")
			}
			in.Checkpoint = text
		}
		var out api.EventsVerified
		if err := a.call(ctx, http.MethodPost, api.AdminEventsVerify, nil, in, &out); err != nil {
			return err
		}
		return a.printVerified(out)
	})
	c.Long = `Read the whole record and find every change, removal, insertion, reordering and
truncation in its sealed part; say how far the seal reaches. A checkpoint that
was kept elsewhere also finds that an older copy was put back.`
	c.Flags().StringVar(&file, "checkpoint", "", "`file` with a checkpoint that was kept elsewhere; - is standard input")
	return c
}

func (a *admin) printVerified(v api.EventsVerified) error {
	facts := [][2]string{
		{"events", strconv.FormatInt(v.Events, 10)}, {"sealed to row", strconv.FormatInt(v.SealedToRow, 10)}, {"sealed at", milli(v.SealedAt)},
		{"not sealed yet", strconv.FormatInt(v.Unsealed, 10)}, {"begins at row", strconv.FormatInt(v.FromRow, 10)},
		{"checkpoints", strconv.FormatInt(v.Checkpoints, 10)}, {"the checkpoint given", v.Outside},
	}
	if v.OK {
		facts = append(facts, [2]string{"verdict", "everything sealed is as it was written"})
	}
	if err := printOne(a, v, facts); err != nil || v.OK {
		return err
	}
	if a.table() {
		t := cli.Table{Head: []string{"FINDING", "FROM ROW", "TO ROW", "WHAT"}}
		for _, f := range v.Findings {
			t.Add(f.Kind, strconv.FormatInt(f.FromRow, 10), strconv.FormatInt(f.ToRow, 10), f.Text)
		}
		if err := t.Write(a.stdout, a.bold()); err != nil {
			return err
		}
	}
	return &failure{err: fmt.Errorf("the record is not as it was written: %s", cli.Count(int64(len(v.Findings))+v.More, "finding")), code: exitFindings,
		hint: "keep a copy of the data folder as it is, and compare it with a backup"}
}

func (a *admin) eventsCheckpoint() *cobra.Command {
	return a.command("checkpoint", "Print the newest signed checkpoint, to be kept elsewhere", func(ctx context.Context, _ []string) error {
		var doc json.RawMessage
		if err := a.call(ctx, http.MethodGet, api.AdminEventsCheckpoint, nil, nil, &doc); err != nil {
			return err
		}
		return printJSON(a, doc)
	})
}

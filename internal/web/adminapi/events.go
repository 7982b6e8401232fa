package adminapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// longestWait bounds the wait for an event, in seconds; lookAgain is how often
// the store is asked meanwhile.
const (
	longestWait = 30
	lookAgain   = 250 * time.Millisecond
)

func (a *API) events(ctx context.Context, r *web.Request) (web.Reply, error) {
	q, err := paging(r, "realm", "user", "client", "type", "error", "error_id", "session", "from", "to", "newest", "wait")
	if err != nil {
		return web.Reply{}, err
	}
	ask, wait, err := eventQuery(q)
	if err != nil {
		return web.Reply{}, err
	}
	find := admin.EventFilter{Query: ask, Realm: q.Get("realm"), User: q.Get("user")}
	until := a.Now().Add(wait)
	for {
		list, err := a.Service.EventList(ctx, find)
		if err != nil {
			return web.Reply{}, err
		}
		if len(list) > 0 || !a.Now().Before(until) {
			return web.Reply{Body: eventPage(list, q, wait > 0)}, nil
		}
		if err := a.Sleep(ctx, lookAgain); err != nil {
			return web.Reply{}, err
		}
	}
}

// eventQuery reads what is asked of the record.
func eventQuery(q asked) (ask iam.EventQuery, wait time.Duration, err error) {
	ask = iam.EventQuery{
		ClientID: q.Get("client"), Type: q.Get("type"), Error: q.Get("error"), ID: q.Get("error_id"), SessionID: q.Get("session"),
		Limit: q.limit + 1,
	}
	var row, seconds int64
	for _, field := range []struct {
		name string
		into *int64
	}{{"from", &ask.From}, {"to", &ask.To}, {"after", &row}, {"wait", &seconds}} {
		if *field.into, err = number(q.Values, field.name, 0); err != nil {
			return ask, 0, err
		}
	}
	if ask.Newest, err = flag(q.Values, "newest"); err != nil {
		return ask, 0, err
	}
	switch {
	case seconds > longestWait:
		return ask, 0, bad("The parameter wait is at most %d seconds", longestWait)
	case seconds > 0 && ask.Newest:
		return ask, 0, bad("The parameters wait and newest exclude each other")
	case ask.Newest:
		ask.BeforeRow = row
	default:
		ask.AfterRow = row
	}
	return ask, time.Duration(seconds) * time.Second, nil
}

// eventPage gives who follows a cursor always: the one of the last event shown,
// or the one that was sent.
func eventPage(list []admin.EventView, q asked, follow bool) api.Page[api.Event] {
	cursor := func(e *admin.EventView) string { return strconv.FormatInt(e.Row, 10) }
	p := page(list, q.limit, event, cursor)
	if follow && p.Next == "" {
		p.Next = q.after
		if len(list) > 0 {
			p.Next = cursor(&list[len(list)-1])
		}
		if p.Next == "" {
			p.Next = "0"
		}
	}
	return p
}

func event(e *admin.EventView) api.Event {
	return api.Event{
		Row: e.Row, ID: e.ID, At: e.At, Realm: e.Realm, Type: e.Type, Error: e.Error,
		ClientID: e.ClientID, UserID: e.UserID, SessionID: e.SessionID, Address: e.Address, Details: e.Details,
	}
}

func (a *API) verify(ctx context.Context, r *web.Request) (web.Reply, error) {
	var in api.VerifyEvents
	if r.Method == http.MethodPost {
		if err := order(r, &in); err != nil {
			return web.Reply{}, err
		}
	} else if err := plain(r); err != nil {
		return web.Reply{}, err
	}
	return reply(a.Verify(ctx, in.Checkpoint))
}

func (a *API) checkpoint(ctx context.Context, r *web.Request) (web.Reply, error) {
	if err := plain(r); err != nil {
		return web.Reply{}, err
	}
	doc, err := a.Checkpoint(ctx)
	if errors.Is(err, iam.ErrNotFound) {
		return web.Reply{}, oauth.RefuseArg(oauth.AdminUnknown, "There is no checkpoint yet").
			WithHint("One is made within a minute of the first event, while a server runs.").Because(err)
	}
	return reply(json.RawMessage(doc), err)
}

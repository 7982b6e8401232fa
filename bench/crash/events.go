package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/bench/people"
	"github.com/seed-a6a28e10/usher/bench/rig"
)

// audit reads the server's record of events from where it stopped.
type audit struct {
	next  string
	looks int
}

// verifyEvery so many looks the whole record is verified: a kill must not look
// like a forger.
const verifyEvery = 20

func (a *audit) verify(w *people.World) {
	status, body, err := ask(w.Admin, api.AdminEventsVerify)
	var got api.EventsVerified
	if err == nil {
		err = json.Unmarshal(body, &got)
	}
	if err != nil || status != http.StatusOK || !got.OK {
		w.Wrong("the record of events is not whole: %d %.1000s %v", status, body, err)
	}
}

// ask gets one answer from the administrator's socket.
func ask(socket, path string) (int, []byte, error) {
	c, err := rig.DialUnix(socket)
	if err != nil {
		return 0, nil, err
	}
	defer c.Close()
	status, body, err := c.Do(rig.Request{Method: http.MethodGet, Path: path})
	return status, slices.Clone(body), err
}

// page is how many events are read at a time, the most the server gives.
const page = 1000

// look reads the new events and finds those of acknowledged acts among them,
// and none that tells of lost commits or of theft where there was none.
func (a *audit) look(w *people.World) error {
	expected := map[people.Expected]int{}
	thefts := map[string]bool{}
	for _, e := range w.TakeExpected() {
		expected[e]++
		if e.Type == "REFRESH_TOKEN_REUSED" {
			thefts[e.Session] = true
		}
	}
	err := a.read(w.Admin, func(e api.Event) {
		for _, k := range keys(e) {
			expected[k]--
		}
		switch {
		case e.Type == "REFRESH_TOKEN_AHEAD":
			w.Wrong("a client knew more than the server: %+v", e)
		case e.Type == "REFRESH_TOKEN_REUSED" && !thefts[e.SessionID]:
			w.Wrong("a family was revoked without a theft: %+v", e)
		}
	})
	if err != nil {
		return err
	}
	if a.looks++; a.looks%verifyEvery == 0 {
		a.verify(w)
	}
	for e, n := range expected {
		if n > 0 {
			w.Wrong("%d events of acknowledged acts are missing: %+v", n, e)
		}
	}
	return nil
}

// keys are the ways in which an event may be expected.
func keys(e api.Event) []people.Expected {
	switch {
	case e.Type == "ADMIN_ACTION" && strings.HasSuffix(e.Details["resourcePath"], "/reset-password"):
		return []people.Expected{{Type: e.Type, User: e.UserID, Detail: "reset-password"}}
	case e.Type == "ADMIN_UPDATE":
		return []people.Expected{{Type: e.Type, User: e.UserID, Detail: "enabled=" + e.Details["enabled"]}}
	case e.Type == "REVOKE_GRANT":
		return []people.Expected{{Type: e.Type, Session: e.SessionID}, {Type: e.Type, Session: e.SessionID, Detail: e.Details["token_id"]}}
	}
	return []people.Expected{{Type: e.Type, Session: e.SessionID}}
}

// read hands out every event since the last time.
func (a *audit) read(socket string, each func(api.Event)) error {
	for {
		q := url.Values{"limit": {strconv.Itoa(page)}}
		if a.next != "" {
			q.Set("after", a.next)
		}
		status, body, err := ask(socket, api.AdminEvents+"?"+q.Encode())
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("%d %.300s", status, body)
		}
		var got api.Page[api.Event]
		if err := json.Unmarshal(body, &got); err != nil {
			return err
		}
		for _, e := range got.Items {
			each(e)
			a.next = strconv.FormatInt(e.Row, 10)
		}
		if len(got.Items) < page {
			return nil
		}
	}
}

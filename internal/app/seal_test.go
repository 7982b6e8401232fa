package app_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// TestNothingIsLeftUnsealed: not by a server that stopped, nor by a command that
// worked in its folder afterwards.
func TestNothingIsLeftUnsealed(t *testing.T) {
	t.Parallel()
	clock := apptest.NewClock()
	var cfg app.Config
	u := apptest.Start(t, apptest.Options{Clock: clock, Config: func(c *app.Config) { cfg = *c }})
	post(t, u.URL+"/auth/realms/platform/protocol/openid-connect/token", url.Values{"client_id": {"anonymous"},
		"grant_type": {"password"}, "username": {apptest.User}, "password": {apptest.Password}})
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		a, err := app.OpenOffline(t.Context(), cfg, app.Options{Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		o := inProcess(a.AdminHandler())
		got := order[api.EventsVerified](t, o, http.MethodGet, api.AdminEventsVerify, nil)
		if !got.OK || got.Unsealed != 0 || got.SealedToRow == 0 || got.Events != got.SealedToRow {
			t.Errorf("%+v", got)
		}
		order[api.NotBefore](t, o, http.MethodPost, api.AdminPath(api.AdminNotBefore, "platform"), api.SetNotBefore{Scope: api.ScopeRealm})
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

package app_test

import (
	"cmp"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// addPerson makes a user over the socket, a member of every VideoManager.
func addPerson(t *testing.T, o operator, name string) api.User {
	t.Helper()
	password := goodPassword
	return order[api.User](t, o, http.MethodPost, at(api.AdminUsers), api.NewUser{
		Username: name, Password: &password, AllVideoManagers: true,
	})
}

func TestOrdersAboutUsersAreInForceAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		order func(t *testing.T, o operator)
		// The statuses of the video API, a refresh and a new login afterwards.
		api, refresh, login int
	}{
		"disable": {func(t *testing.T, o operator) {
			if d := order[api.Done](t, o, http.MethodPost, at(api.AdminUserDisable, "jane"), nil); !d.Changed {
				t.Error("nothing changed")
			}
		}, 401, 400, 400},
		"delete": {func(t *testing.T, o operator) {
			if d := order[api.Done](t, o, http.MethodDelete, at(api.AdminUser, "jane"), nil); d.Sessions != 1 {
				t.Errorf("%d sessions ended", d.Sessions)
			}
		}, 401, 400, 401},
		"password": {func(t *testing.T, o operator) {
			order[api.Done](t, o, http.MethodPost, at(api.AdminUserPassword, "jane"), api.NewPassword{Password: "quite another password"})
		}, 401, 400, 401},
		"temporary password": {func(t *testing.T, o operator) {
			order[api.Done](t, o, http.MethodPost, at(api.AdminUserPassword, "jane"), api.NewPassword{Password: goodPassword, Temporary: true})
		}, 401, 400, 400},
		"not-before": {func(t *testing.T, o operator) {
			order[api.NotBefore](t, o, http.MethodPost, at(api.AdminNotBefore), api.SetNotBefore{Scope: api.ScopeUser, Name: "jane"})
		}, 401, 400, 200},
		"not-before of the client": {func(t *testing.T, o operator) {
			order[api.NotBefore](t, o, http.MethodPost, at(api.AdminNotBefore), api.SetNotBefore{Scope: api.ScopeClient, Name: "anonymous"})
		}, 401, 400, 200},
		"not-before of the realm": {func(t *testing.T, o operator) {
			order[api.NotBefore](t, o, http.MethodPost, at(api.AdminNotBefore), api.SetNotBefore{Scope: api.ScopeRealm})
		}, 401, 400, 200},
		"end sessions": {func(t *testing.T, o operator) {
			if d := order[api.Done](t, o, http.MethodDelete, at(api.AdminSessions)+"?user=jane", nil); d.Sessions != 1 {
				t.Errorf("%d sessions ended", d.Sessions)
			}
		}, 401, 400, 200},
		"end all sessions": {func(t *testing.T, o operator) {
			if d := order[api.Done](t, o, http.MethodDelete, at(api.AdminSessions), nil); d.Sessions != 1 {
				t.Errorf("%d sessions ended", d.Sessions)
			}
		}, 401, 400, 200},
		"disable the client": {func(t *testing.T, o operator) {
			order[api.Done](t, o, http.MethodPost, at(api.AdminClientDisable, "anonymous"), nil)
		}, 401, 401, 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := apptest.Start(t, apptest.Options{})
			o := overSocket(t, u.Data)
			addPerson(t, o, "jane")
			_, access, refresh := tokensOf(t, u, "jane", goodPassword)
			if status, managers := list(t, u, access); status != 200 || managers != 3 {
				t.Fatalf("before: %d, %d VideoManagers", status, managers)
			}
			c.order(t, o)
			if status, _ := list(t, u, access); status != c.api {
				t.Errorf("the video API answers %d, want %d", status, c.api)
			}
			if status := refreshed(t, u, refresh); status != c.refresh {
				t.Errorf("a refresh answers %d, want %d", status, c.refresh)
			}
			u.Clock.Advance(2 * time.Second) // a not-before reaches to the end of its second
			if status, _, _ := tokensOf(t, u, "jane", goodPassword); status != c.login {
				t.Errorf("a login answers %d, want %d", status, c.login)
			}
		})
	}
}

func TestDisabledUserComesBackWithoutOldTokens(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	o := overSocket(t, u.Data)
	addPerson(t, o, "jane")
	_, access, _ := tokensOf(t, u, "jane", goodPassword)
	order[api.Done](t, o, http.MethodPost, at(api.AdminUserDisable, "jane"), nil)
	order[api.Done](t, o, http.MethodPost, at(api.AdminUserEnable, "jane"), nil)
	if d := order[api.Done](t, o, http.MethodPost, at(api.AdminUserEnable, "jane"), nil); d.Changed {
		t.Error("enabled twice")
	}
	if status, _ := list(t, u, access); status != 401 {
		t.Errorf("an old token: %d", status)
	}
	if status, _, _ := tokensOf(t, u, "jane", goodPassword); status != 200 {
		t.Errorf("a login: %d", status)
	}
}

func TestMembersChangeAtOnce(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	o := overSocket(t, u.Data)
	jane := addPerson(t, o, "jane")
	_, access, _ := tokensOf(t, u, "jane", goodPassword)
	made := order[api.ManagedVideoManager](t, o, http.MethodPost, at(api.AdminVideoManagers), api.NewVideoManager{Name: "Press", Members: []string{"jane"}})
	if made.ID != 1004 || made.Members != 1 {
		t.Errorf("made %+v", made)
	}
	if _, n := list(t, u, access); n != 4 {
		t.Errorf("%d VideoManagers, want 4", n)
	}
	c := order[api.MembersChanged](t, o, http.MethodPost, at(api.AdminMembers, "1001"), api.ChangeMembers{Remove: []string{jane.ID}})
	if c.Removed != 1 || c.Added != 0 || c.Members != 1 {
		t.Errorf("changed %+v", c)
	}
	if _, n := list(t, u, access); n != 3 {
		t.Errorf("%d VideoManagers, want 3", n)
	}
	members := order[api.Page[api.Member]](t, o, http.MethodGet, at(api.AdminMembers, "1004"), nil)
	if len(members.Items) != 1 || members.Items[0].Username != "jane" {
		t.Errorf("members %+v", members)
	}
}

// TestUnlock: the wait that wrong passwords impose ends, whether they were
// counted for the user or for the name before anybody had it.
func TestUnlock(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	o := overSocket(t, u.Data)
	addPerson(t, o, "jane")
	for i := range 10 {
		tokensOf(t, u, "jane", strings.Repeat("wrong ", i+1))
	}
	if status, _, _ := tokensOf(t, u, "jane", goodPassword); status != 401 {
		t.Fatalf("not waiting: %d", status)
	}
	if v := order[api.User](t, o, http.MethodGet, at(api.AdminUser, "jane"), nil); v.Lock == nil || v.Lock.Failures != 10 || v.Lock.WaitUntil == 0 {
		t.Errorf("lock %+v", v.Lock)
	}
	if d := order[api.Done](t, o, http.MethodPost, at(api.AdminUserUnlock, "jane"), nil); !d.Changed {
		t.Error("nothing unlocked")
	}
	if status, _, _ := tokensOf(t, u, "jane", goodPassword); status != 200 {
		t.Errorf("a login: %d", status)
	}
	if d := order[api.Done](t, o, http.MethodPost, at(api.AdminUserUnlock, "jane"), nil); d.Changed {
		t.Error("unlocked twice")
	}
}

func TestClientsAreUsableAtOnce(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	o := overSocket(t, u.Data)
	made := order[api.ClientSecret](t, o, http.MethodPost, at(api.AdminClients), api.NewClient{
		ClientID: "importer", Kind: api.KindConfidential, ServiceAccounts: true,
	})
	if len(made.Secret) != 43 || made.Client.DirectAccessGrants || made.Client.RefreshPolicy != "reusable" || !slices.Contains(made.Client.DefaultScopes, "basic") {
		t.Errorf("made %+v", made)
	}
	ask := func(secret string) int {
		status, _, _ := askTokens(t, u, map[string][]string{"client_id": {"importer"}, "client_secret": {secret}, "grant_type": {"client_credentials"}})
		return status
	}
	if status := ask(made.Secret); status != 200 {
		t.Fatalf("the secret shown: %d", status)
	}
	other := order[api.ClientSecret](t, o, http.MethodPost, at(api.AdminClientSecret, "importer"), nil)
	if ask(made.Secret) != 401 || ask(other.Secret) != 200 {
		t.Error("the new secret is not in force")
	}
	public := order[api.ClientSecret](t, o, http.MethodPost, at(api.AdminClients), api.NewClient{
		ClientID: "app", Kind: api.KindPublic, StandardFlow: true, RedirectURIs: []string{"https://app.example.org/back"}, WebOrigins: []string{"+"},
	})
	if public.Secret != "" || public.Client.RefreshPolicy != "rotating" {
		t.Errorf("made %+v", public)
	}
	for _, secret := range []string{made.Secret, other.Secret} {
		if a := o.send(t, http.MethodGet, api.AdminEvents, nil); strings.Contains(a.body, secret) || strings.Contains(u.Log(), secret) {
			t.Error("a secret stands in events or log")
		}
	}
}

func TestEveryOrderIsRecorded(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	o := overSocket(t, u.Data)
	jane := addPerson(t, o, "jane")
	order[api.Done](t, o, http.MethodPost, at(api.AdminUserPassword, "jane"), api.NewPassword{Password: "quite another password"})
	order[api.Done](t, o, http.MethodPost, at(api.AdminUserDisable, "jane"), nil)
	order[api.Done](t, o, http.MethodDelete, at(api.AdminUser, "jane"), nil)
	page := order[api.Page[api.Event]](t, o, http.MethodGet, api.AdminEvents+"?realm=platform&user="+jane.ID, nil)
	var got []string
	for _, e := range page.Items {
		got = append(got, e.Type+" "+e.Details["resourceType"]+" "+strings.ReplaceAll(e.Details["resourcePath"], jane.ID, "ID"))
		if e.Details["actor"] == "" || !strings.HasPrefix(e.Details["actor"], "uid:") || e.Realm != "platform" {
			t.Errorf("event %+v", e)
		}
	}
	want := []string{"ADMIN_CREATE USER users/ID", "ADMIN_ACTION USER users/ID/reset-password", "ADMIN_UPDATE USER users/ID", "ADMIN_DELETE USER users/ID"}
	if !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", got, want)
	}
}

func TestFollowingEvents(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	o := overSocket(t, u.Data)
	newest := order[api.Page[api.Event]](t, o, http.MethodGet, api.AdminEvents+"?newest=true&limit=1", nil)
	from := "0"
	if len(newest.Items) > 0 {
		from = newest.Next
	}
	seen := make(chan api.Page[api.Event], 1)
	go func() {
		seen <- order[api.Page[api.Event]](t, o, http.MethodGet, api.AdminEvents+"?wait=30&after="+from, nil)
	}()
	addPerson(t, overSocket(t, u.Data), "jane")
	page := <-seen
	if len(page.Items) != 1 || page.Items[0].Type != "ADMIN_CREATE" || page.Next == "" {
		t.Errorf("followed %+v", page)
	}
	refusal(t, o, 400, http.MethodGet, api.AdminEvents+"?wait=31", nil)
	refusal(t, o, 400, http.MethodGet, api.AdminEvents+"?wait=1&newest=true", nil)
}

func TestPages(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	o := overSocket(t, u.Data)
	for _, name := range []string{"anna", "berta", "carla"} {
		order[api.User](t, o, http.MethodPost, at(api.AdminUsers), api.NewUser{Username: name})
		order[api.ClientSecret](t, o, http.MethodPost, at(api.AdminClients), api.NewClient{ClientID: name, Kind: api.KindBearerOnly})
		order[api.Realm](t, o, http.MethodPost, api.AdminRealms, api.NewRealm{Name: name})
	}
	var got []string
	for _, route := range []string{api.AdminRealms, at(api.AdminUsers), at(api.AdminClients), at(api.AdminVideoManagers)} {
		next, pages := "", 0
		for more := true; more; pages++ {
			p := order[api.Page[struct {
				Name     string `json:"name"`
				Username string `json:"username"`
				ClientID string `json:"client_id"`
			}]](t, o, http.MethodGet, route+"?limit=2&after="+next, nil)
			for _, item := range p.Items {
				got = append(got, cmp.Or(item.Username, item.ClientID, item.Name))
			}
			next, more = p.Next, p.Next != ""
		}
		if pages != 2 {
			t.Errorf("%s has %d pages", route, pages)
		}
	}
	want := []string{"anna", "berta", "carla", "platform", "anna", "berta", "carla", apptest.User, "anna", "anonymous", "berta", "carla",
		"Corporate Communications", "Training and Education", "Product Marketing"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestOffline: without a server the same handler answers in the process of the
// command, and a server that starts later finds what was done.
func TestOffline(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := app.Config{Data: filepath.Join(dir, "data"), MasterKey: []byte(strings.Repeat("k", 32)), PublicURL: "https://login.example.org/"}
	a, err := app.OpenOffline(t.Context(), cfg, app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := inProcess(a.AdminHandler())
	if r := order[api.Realm](t, o, http.MethodPost, api.AdminRealms, api.NewRealm{Name: "platform"}); r.Issuer != "https://login.example.org/auth/realms/platform" {
		t.Errorf("realm %+v", r)
	}
	addPerson(t, o, "jane")
	if s := order[api.Status](t, o, http.MethodGet, api.AdminStatus, nil); s.Online || s.Realms != 1 || s.PID == 0 {
		t.Errorf("status %+v", s)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	u := apptest.Start(t, apptest.Options{Dir: dir})
	if status, _, _ := tokensOf(t, u, "jane", goodPassword); status != 200 {
		t.Errorf("a login: %d", status)
	}
	if s := order[api.Status](t, overSocket(t, u.Data), http.MethodGet, api.AdminStatus, nil); !s.Online || s.PublicURL != u.URL || s.StartedAt == 0 {
		t.Errorf("status %+v", s)
	}
	if _, err := app.OpenOffline(t.Context(), cfg, app.Options{}); err == nil || !strings.Contains(err.Error(), app.ErrLocked.Error()) {
		t.Errorf("opened beside a server: %v", err)
	}
}

// TestFirstRealmOverTheSocket: a server without a realm starts, is not ready,
// and takes one.
func TestFirstRealmOverTheSocket(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	a, err := app.New(t.Context(), app.Config{
		Listen: "127.0.0.1:0", ManagementListen: "127.0.0.1:0", Data: data, MasterKey: []byte(strings.Repeat("k", 32)),
	}, app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	u := &apptest.Usher{App: a, URL: a.PublicURL()}
	t.Cleanup(func() { a.Close() })
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := overSocket(t, data)
	if p := refusal(t, o, 404, http.MethodGet, at(api.AdminUsers), nil); !strings.Contains(p.ErrorHint, "import one") {
		t.Errorf("without a realm: %+v", p)
	}
	order[api.Realm](t, o, http.MethodPost, api.AdminRealms, api.NewRealm{Name: "another"})
	if name, _ := a.Realm(); name != "another" {
		t.Errorf("the API takes tokens of %q", name)
	}
	order[api.Realm](t, o, http.MethodPost, api.AdminRealms, api.NewRealm{Name: "platform"})
	addPerson(t, o, "jane")
	_, access, _ := tokensOf(t, u, "jane", goodPassword)
	if status, n := list(t, u, access); status != 200 || n != 3 {
		t.Errorf("%d, %d VideoManagers", status, n)
	}
	if name, _ := a.Realm(); name != "another" { // until the next start: it exists
		t.Errorf("the API takes tokens of %q", name)
	}
}

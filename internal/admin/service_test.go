package admin_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// node is a process with nothing in memory but the configuration.
type node struct {
	store   *sqlite.DB
	realms  []*iam.RealmConfig
	applied []iam.Revocation
}

func (n *node) Realm(name string) (*iam.RealmConfig, error) {
	for _, r := range n.realms {
		if r.Realm.Name == name {
			return r, nil
		}
	}
	return nil, iam.ErrNotFound
}

func (n *node) Realms() []*iam.RealmConfig { return n.realms }

func (n *node) Apply(entries ...iam.Revocation) { n.applied = append(n.applied, entries...) }

func (n *node) Reload(ctx context.Context) error {
	rows, err := n.store.LoadConfig(ctx)
	n.realms = nil
	for _, r := range rows.Realms {
		cfg := &iam.RealmConfig{Realm: r, Clients: map[string]*iam.Client{}}
		for i := range rows.Clients {
			if c := &rows.Clients[i]; c.RealmID == r.ID {
				cfg.Clients[c.ClientID] = c
			}
		}
		n.realms = append(n.realms, cfg)
	}
	return err
}

func (n *node) Imported(...string) {}

func (n *node) FailureKeys(_ string, u *iam.User) []string { return []string{u.ID} }

var me = admin.Caller{UID: 1000}

// service is one over a store with the built-in realm and the user jane.
func service(t *testing.T) (*admin.Service, *node) {
	t.Helper()
	im, db := importer(t)
	n := &node{store: db}
	s := &admin.Service{
		Users: db, Accounts: db, Sessions: db, Config: db, Members: db, Signing: db, Events: db, Record: db,
		Node: n, Importer: im, NewID: secret.NewID, Now: im.Now,
		Sleep: func(context.Context, time.Duration) error { return nil },
	}
	if _, err := s.AddRealm(t.Context(), me, "platform"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddUser(t.Context(), me, "platform", admin.NewUser{User: iam.User{Username: "Jane", Email: "jane@example.org", Enabled: true}}); err != nil {
		t.Fatal(err)
	}
	return s, n
}

// fault says why err refuses; "" for none.
func fault(t *testing.T, err error) oauth.Fault {
	t.Helper()
	var e *oauth.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Fault
	}
	t.Fatalf("no refusal: %v", err)
	return ""
}

func TestPasswordsOfOperators(t *testing.T) {
	t.Parallel()
	s, _ := service(t)
	for name, c := range map[string]struct {
		password string
		want     oauth.Fault
	}{
		"15 characters":                 {"fifteen letters", ""},
		"14 characters":                 {"fourteen lette", oauth.AdminRefused},
		"15 characters of 4 bytes":      {strings.Repeat("🚢", 15), ""},
		"14 characters of 4 bytes":      {strings.Repeat("🚢", 14), oauth.AdminRefused},
		"the address, in other letters": {" JANE@example.org", oauth.AdminRefused},
		"blanks count":                  {"               ", ""},
		"1024 bytes":                    {strings.Repeat("x", 1024), ""},
		"1025 bytes":                    {strings.Repeat("x", 1025), oauth.AdminRefused},
	} {
		if _, err := s.SetPassword(t.Context(), me, "platform", "jane", c.password, false); fault(t, err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := "a-name-of-many-letters"
	_, err := s.AddUser(t.Context(), me, "platform", admin.NewUser{User: iam.User{Username: long}, Password: &long})
	if fault(t, err) != oauth.AdminRefused {
		t.Errorf("the name as password: %v", err)
	}
}

func TestTemporaryPassword(t *testing.T) {
	t.Parallel()
	s, _ := service(t)
	for _, temporary := range []bool{true, true, false} {
		if _, err := s.SetPassword(t.Context(), me, "platform", "jane", "a password of 15", temporary); err != nil {
			t.Fatal(err)
		}
		v, err := s.UserOf(t.Context(), "platform", "JANE@EXAMPLE.ORG")
		if err != nil {
			t.Fatal(err)
		}
		if got := len(v.RequiredActions) == 1 && v.RequiredActions[0] == "UPDATE_PASSWORD"; got != temporary || v.Password == nil {
			t.Errorf("temporary %v: actions %q, password %v", temporary, v.RequiredActions, v.Password != nil)
		}
	}
}

// TestNamesStandForOnePerson: what is typed at a login must find one user.
func TestNamesStandForOnePerson(t *testing.T) {
	t.Parallel()
	s, _ := service(t)
	for name, c := range map[string]struct {
		user iam.User
		want oauth.Fault
	}{
		"the name":              {iam.User{Username: " JANE "}, oauth.AdminTaken},
		"the address":           {iam.User{Username: "other1", Email: "Jane@Example.org"}, oauth.AdminTaken},
		"the address as a name": {iam.User{Username: "jane@example.org"}, oauth.AdminTaken},
		"no name":               {iam.User{Username: "  "}, oauth.AdminRefused},
		"no address":            {iam.User{Username: "other2", Email: "nobody"}, oauth.AdminRefused},
		"free":                  {iam.User{Username: "john@example.org", Email: "john@example.org"}, ""},
		"no such group":         {iam.User{Username: "other3", Groups: []string{"/nowhere"}}, oauth.AdminRefused},
		"no such client role":   {iam.User{Username: "other4", ClientRoles: map[string][]string{"anonymous": {"x"}}}, oauth.AdminRefused},
		"a role there is":       {iam.User{Username: "other5", RealmRoles: []string{"offline_access"}}, ""},
	} {
		if _, err := s.AddUser(t.Context(), me, "platform", admin.NewUser{User: c.user}); fault(t, err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNoNameStandsInForAnId: who is called like the id of another is not meant by it.
func TestNoNameStandsInForAnId(t *testing.T) {
	t.Parallel()
	s, _ := service(t)
	jane, err := s.UserOf(t.Context(), "platform", "jane")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddUser(t.Context(), me, "platform", admin.NewUser{User: iam.User{Username: jane.ID}}); err != nil {
		t.Fatal(err)
	}
	if v, err := s.UserOf(t.Context(), "platform", jane.ID); err != nil || v.Username != "jane" {
		t.Errorf("found %q, %v", v.Username, err)
	}
}

func TestNewClients(t *testing.T) {
	t.Parallel()
	s, _ := service(t)
	for name, c := range map[string]struct {
		client iam.Client
		want   oauth.Fault
	}{
		"public":                        {iam.Client{ClientID: "a", Public: true}, ""},
		"taken":                         {iam.Client{ClientID: "anonymous", Public: true}, oauth.AdminTaken},
		"no name":                       {iam.Client{Public: true}, oauth.AdminRefused},
		"a blank around":                {iam.Client{ClientID: "a ", Public: true}, oauth.AdminRefused},
		"a public one with an account":  {iam.Client{ClientID: "b", Public: true, ServiceAccounts: true}, oauth.AdminRefused},
		"bearer-only with a flow":       {iam.Client{ClientID: "c", BearerOnly: true, StandardFlow: true, RedirectURIs: []string{"https://a/"}}, oauth.AdminRefused},
		"a flow without a redirect":     {iam.Client{ClientID: "d", Public: true, StandardFlow: true}, oauth.AdminRefused},
		"a flow with one":               {iam.Client{ClientID: "e", Public: true, StandardFlow: true, RedirectURIs: []string{"https://a.example.org/back"}}, ""},
		"a redirect to anywhere":        {iam.Client{ClientID: "f", Public: true, StandardFlow: true, RedirectURIs: []string{"*"}}, oauth.AdminRefused},
		"a redirect to any path":        {iam.Client{ClientID: "g", Public: true, StandardFlow: true, RedirectURIs: []string{"https://a.example.org/*"}}, ""},
		"a redirect to any host":        {iam.Client{ClientID: "h", Public: true, StandardFlow: true, RedirectURIs: []string{"https://*"}}, oauth.AdminRefused},
		"a redirect to any port":        {iam.Client{ClientID: "i", Public: true, StandardFlow: true, RedirectURIs: []string{"https://a.example.org*"}}, oauth.AdminRefused},
		"a redirect with a fragment":    {iam.Client{ClientID: "j", Public: true, StandardFlow: true, RedirectURIs: []string{"https://a.example.org/#x"}}, oauth.AdminRefused},
		"a redirect to a script":        {iam.Client{ClientID: "k", Public: true, StandardFlow: true, RedirectURIs: []string{"javascript:alert(1)"}}, oauth.AdminRefused},
		"a redirect to an application":  {iam.Client{ClientID: "l", Public: true, StandardFlow: true, RedirectURIs: []string{"org.example.app:/back"}}, ""},
		"a redirect without a scheme":   {iam.Client{ClientID: "m", Public: true, StandardFlow: true, RedirectURIs: []string{"/back"}}, oauth.AdminRefused},
		"an origin":                     {iam.Client{ClientID: "n", Public: true, WebOrigins: []string{"https://a.example.org:8443", "+"}}, ""},
		"any origin":                    {iam.Client{ClientID: "o", Public: true, WebOrigins: []string{"*"}}, oauth.AdminRefused},
		"an origin with a path":         {iam.Client{ClientID: "p", Public: true, WebOrigins: []string{"https://a.example.org/"}}, oauth.AdminRefused},
		"an account whose name is free": {iam.Client{ClientID: "q", ServiceAccounts: true}, ""},
	} {
		made, err := s.AddClient(t.Context(), me, "platform", c.client)
		if fault(t, err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if confidential := !c.client.Public && !c.client.BearerOnly; err == nil && confidential != (made.Secret != "") {
			t.Errorf("%s: secret %q", name, made.Secret)
		}
	}
	if v, err := s.UserOf(t.Context(), "platform", "service-account-q"); err != nil || v.ServiceAccountOf != "q" {
		t.Errorf("the service account is %+v, %v", v, err)
	}
	if _, err := s.SetPassword(t.Context(), me, "platform", "service-account-q", "a password of 15", false); fault(t, err) != oauth.AdminRefused {
		t.Errorf("a service account got a password: %v", err)
	}
	if _, err := s.DeleteUser(t.Context(), me, "platform", "service-account-q"); fault(t, err) != oauth.AdminRefused {
		t.Errorf("a service account in use was deleted: %v", err)
	}
	if _, err := s.NewClientSecret(t.Context(), me, "platform", "a"); fault(t, err) != oauth.AdminRefused {
		t.Errorf("a public client got a secret: %v", err)
	}
	if _, err := s.NewClientSecret(t.Context(), me, "platform", "anonymus"); fault(t, err) != oauth.AdminUnknown {
		t.Errorf("a client that is not there got a secret: %v", err)
	}
}

func TestNotBefore(t *testing.T) {
	t.Parallel()
	now := int64(1_800_000_000)
	for name, c := range map[string]struct {
		scope, name string
		at          *int64
		want        int64
		fault       oauth.Fault
	}{
		"the realm, now":     {"realm", "", nil, now + 1, ""},
		"the realm, cleared": {"realm", "", new(int64), 0, ""},
		"a client, then":     {"client", "anonymous", at(now - 5), now - 5, ""},
		"a user, now":        {"user", "jane", nil, now + 1, ""},
		"the realm, by name": {"realm", "jane", nil, 0, oauth.AdminRefused},
		"no such scope":      {"group", "", nil, 0, oauth.AdminRefused},
		"no such client":     {"client", "anonymus", nil, 0, oauth.AdminUnknown},
		"no such user":       {"user", "", nil, 0, oauth.AdminUnknown},
		"milliseconds":       {"realm", "", at(now * 1000), 0, oauth.AdminRefused},
		"before all time":    {"realm", "", at(-1), 0, oauth.AdminRefused},
		"the present second": {"realm", "", at(now + 1), now + 1, ""},
		"a minute ahead":     {"realm", "", at(now + 60), 0, oauth.AdminRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, n := service(t)
			got, err := s.SetNotBefore(t.Context(), me, "platform", c.scope, c.name, c.at)
			if fault(t, err) != c.fault || err == nil && got != c.want {
				t.Fatalf("%d, %v", got, err)
			}
			if err != nil || c.want == 0 {
				if len(n.applied) > 0 {
					t.Errorf("applied %+v", n.applied)
				}
				return
			}
			if len(n.applied) != 1 || n.applied[0].IssuedBefore != c.want || n.applied[0].Until < max(now, c.want)*1000+300_000 {
				t.Errorf("applied %+v", n.applied)
			}
		})
	}
}

func at(second int64) *int64 { return &second }

func TestVideoManagers(t *testing.T) {
	t.Parallel()
	s, n := service(t)
	for name, c := range map[string]struct {
		in      vms.VideoManager
		members []string
		id      int64
		want    oauth.Fault
	}{
		"a number of its own": {vms.VideoManager{ID: 77, Name: "a"}, []string{"jane", "JANE@example.org"}, 77, ""},
		"taken":               {vms.VideoManager{ID: 1001, Name: "b"}, nil, 0, oauth.AdminTaken},
		"no name":             {vms.VideoManager{}, nil, 0, oauth.AdminRefused},
		"no object":           {vms.VideoManager{Name: "c", Configuration: []byte(`[]`)}, nil, 0, oauth.AdminRefused},
		"no UUID":             {vms.VideoManager{Name: "d", UUID: "x"}, nil, 0, oauth.AdminRefused},
		"a stranger":          {vms.VideoManager{Name: "e"}, []string{"nobody"}, 0, oauth.AdminUnknown},
	} {
		m, err := s.AddVideoManager(t.Context(), me, "platform", c.in, c.members)
		if fault(t, err) != c.want || m.VideoManager.ID != c.id {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
		if err == nil && m.Members != 1 {
			t.Errorf("%s: %d members", name, m.Members)
		}
	}
	if len(n.applied) != 1 || n.applied[0].Kind != iam.ForgetMembers {
		t.Errorf("applied %+v", n.applied)
	}
	list, err := s.VideoManagerList(t.Context(), "platform", 77, 2)
	if err != nil || len(list) != 2 || list[0].VideoManager.ID != 1001 {
		t.Errorf("list %+v, %v", list, err)
	}
	if _, err := s.ChangeMembers(t.Context(), me, "platform", 77, []string{"jane"}, []string{"jane@example.org"}); fault(t, err) != oauth.AdminRefused {
		t.Errorf("added and removed: %v", err)
	}
	if _, err := s.ChangeMembers(t.Context(), me, "platform", 78, []string{"jane"}, nil); fault(t, err) != oauth.AdminUnknown {
		t.Errorf("of none: %v", err)
	}
}

// TestRefusedOrdersLeaveNoTrace: nothing is written, applied or recorded.
func TestRefusedOrdersLeaveNoTrace(t *testing.T) {
	t.Parallel()
	s, n := service(t)
	before, err := s.EventList(t.Context(), admin.EventFilter{Query: iam.EventQuery{Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	for _, order := range []func() error{
		func() error { _, err := s.AddRealm(t.Context(), me, "platform"); return err },
		func() error { _, err := s.AddRealm(t.Context(), me, "a/b"); return err },
		func() error { _, err := s.DeleteUser(t.Context(), me, "platform", "nobody"); return err },
		func() error { _, err := s.EndSession(t.Context(), me, "platform", "nothing"); return err },
		func() error { _, err := s.SetPassword(t.Context(), me, "platform", "jane", "short", false); return err },
		func() error { _, err := s.SetUserEnabled(t.Context(), me, "platfrom", "jane", false); return err },
	} {
		if fault(t, order()) == "" {
			t.Error("an order was obeyed")
		}
	}
	// These are as asked for already.
	if d, err := s.SetUserEnabled(t.Context(), me, "platform", "jane", true); err != nil || d.Changed {
		t.Errorf("enabled: %+v, %v", d, err)
	}
	if d, err := s.SetClientEnabled(t.Context(), me, "platform", "anonymous", true); err != nil || d.Changed {
		t.Errorf("enabled: %+v, %v", d, err)
	}
	if d, err := s.Unlock(t.Context(), me, "platform", "jane"); err != nil || d.Changed {
		t.Errorf("unlocked: %+v, %v", d, err)
	}
	after, err := s.EventList(t.Context(), admin.EventFilter{Query: iam.EventQuery{Limit: 100}})
	if err != nil || len(after) != len(before) || len(n.applied) > 0 {
		t.Errorf("%d events became %d; applied %+v; %v", len(before), len(after), n.applied, err)
	}
	if len(before) == 0 || !slices.ContainsFunc(before, func(e admin.EventView) bool { return e.Type == "ADMIN_CREATE" && e.Details["actor"] == "uid:1000" }) {
		t.Errorf("events %+v", before)
	}
}

// TestDeletedUsersEventsAreFound by the id, when the name is nobody's any more.
func TestDeletedUsersEventsAreFound(t *testing.T) {
	t.Parallel()
	s, _ := service(t)
	jane, err := s.UserOf(t.Context(), "platform", "jane")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.DeleteUser(t.Context(), me, "platform", "jane"); err != nil {
		t.Fatal(err)
	}
	ask := admin.EventFilter{Query: iam.EventQuery{Limit: 10}, Realm: "platform", User: jane.ID}
	if list, err := s.EventList(t.Context(), ask); err != nil || len(list) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	ask.User = "jane"
	if _, err := s.EventList(t.Context(), ask); fault(t, err) != oauth.AdminUnknown {
		t.Errorf("by name: %v", err)
	}
}

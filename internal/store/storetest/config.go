package storetest

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// richRealm uses every kind of member that a document has.
func (s *suite) richRealm() iam.RealmImport {
	rotates := true
	id := s.id("realm")
	return iam.RealmImport{
		Realm: iam.Realm{ID: id, Name: "Zürich " + id, Enabled: true, SSLRequired: "external", SignatureAlgorithm: "RS256",
			Lifetimes: iam.Lifetimes{AccessToken: 300, SessionIdle: 3600}, DefaultScopes: []string{"profile", "email"},
			Roles:        []iam.Role{{ID: s.id("role"), Name: "admin", Realm: []string{"user"}, Client: map[string][]string{"app": {"r"}}}},
			ClientScopes: []iam.ClientScope{{Name: "email", Mappers: []iam.Mapper{{Name: "m", Kind: "k", Config: map[string]string{"a": "<b> & 'c'"}}}}},
			Kept:         map[string]json.RawMessage{"smtpServer": json.RawMessage(`{"host":"mail"}`)}},
		Clients: []iam.Client{
			{ID: s.id("client"), RealmID: id, ClientID: "aä", Enabled: true, SealedSecret: []byte{0, 255}, RevokeRefreshToken: &rotates, Recovery: iam.RecoverNever},
			{ID: s.id("client"), RealmID: id, ClientID: "b", Public: true, Attributes: map[string]string{"k": "v"}},
		},
		Keys: []iam.Key{{ID: s.id("key"), RealmID: id, KID: "kid", Algorithm: "RS256", Status: iam.KeyActive, Priority: 100,
			CreatedAt: start, Certificate: []byte{1}, Public: []byte{2}, Sealed: []byte{3}}},
	}
}

func testImport(t *testing.T, s *suite) {
	ctx := t.Context()
	before, err := s.shared.ConfigVersion(ctx)
	ok(t, err)
	in := s.richRealm()
	ok(t, s.shared.ImportRealm(ctx, in, nil))
	after, err := s.shared.ConfigVersion(ctx)
	ok(t, err)
	if after <= before {
		t.Errorf("the version went from %d to %d", before, after)
	}
	got := s.stored(t, in.Realm.ID)
	if diff := cmp.Diff(in, got); diff != "" {
		t.Errorf("stored realm (-want +got):\n%s", diff)
	}
}

// stored is what LoadConfig tells about one realm.
func (s *suite) stored(t testing.TB, realmID string) (out iam.RealmImport) {
	t.Helper()
	rows, err := s.shared.LoadConfig(t.Context())
	ok(t, err)
	if rows.Version < 1 {
		t.Errorf("LoadConfig tells version %d", rows.Version)
	}
	for _, r := range rows.Realms {
		if r.ID == realmID {
			out.Realm = r
		}
	}
	for _, c := range rows.Clients {
		if c.RealmID == realmID {
			out.Clients = append(out.Clients, c)
		}
	}
	for _, k := range rows.Keys {
		if k.RealmID == realmID {
			out.Keys = append(out.Keys, k)
		}
	}
	return out
}

func testImportConflict(t *testing.T, s *suite) {
	ctx := t.Context()
	w := s.world(t)
	other := func(change func(*iam.RealmImport)) iam.RealmImport {
		in := iam.RealmImport{Realm: iam.Realm{ID: s.id("realm"), Name: s.id("name")},
			Clients: []iam.Client{{ID: s.id("client"), ClientID: "app"}}, Users: []iam.User{s.person("bob")}}
		change(&in)
		return in
	}
	for name, c := range map[string]struct {
		in      iam.RealmImport
		members []vms.Membership
		want    error
	}{
		"realm id":    {in: other(func(in *iam.RealmImport) { in.Realm.ID = w.realm }), want: iam.ErrConflict},
		"realm name":  {in: other(func(in *iam.RealmImport) { in.Realm.Name = w.realm }), want: iam.ErrConflict},
		"client id":   {in: other(func(in *iam.RealmImport) { in.Clients[0].ID = w.client }), want: iam.ErrConflict},
		"two clients": {in: other(func(in *iam.RealmImport) { in.Clients = append(in.Clients, iam.Client{ID: s.id("c"), ClientID: "app"}) }), want: iam.ErrConflict},
		"two users":   {in: other(func(in *iam.RealmImport) { in.Users = append(in.Users, s.person("BOB")) }), want: iam.ErrConflict},
		"unknown member": {in: other(func(*iam.RealmImport) {}), want: iam.ErrNotFound,
			members: []vms.Membership{{VideoManager: vms.VideoManager{ID: 1, UUID: "u"}, Members: []string{"nobody"}}}},
	} {
		wants(t, s.shared.ImportRealm(ctx, c.in, c.members), c.want)
		if name != "realm id" {
			if left := s.stored(t, c.in.Realm.ID); left.Realm.ID != "" || left.Clients != nil {
				t.Errorf("%s: a refused import left %+v", name, left)
			}
		}
		for _, u := range c.in.Users {
			if _, err := s.shared.User(ctx, c.in.Realm.ID, u.ID); err == nil {
				t.Errorf("%s: a refused import left user %s", name, u.Username)
			}
		}
	}
	if got := s.stored(t, w.realm); got.Realm.Name != w.realm {
		t.Errorf("the realm that was there is now %+v", got.Realm)
	}
}

func testImportRace(t *testing.T, s *suite) {
	name := s.id("name")
	realms := make([]iam.RealmImport, racers)
	for i := range realms {
		realms[i] = iam.RealmImport{Realm: iam.Realm{ID: s.id("realm"), Name: name}, Users: []iam.User{s.person("eve")}}
	}
	won := winner(t, race(racers, func(i int) error {
		return s.shared.ImportRealm(t.Context(), realms[i], nil)
	}), iam.ErrConflict)
	rows, err := s.shared.LoadConfig(t.Context())
	ok(t, err)
	n := slices.IndexFunc(rows.Realms, func(r iam.Realm) bool { return r.Name == name })
	if n < 0 || rows.Realms[n].ID != realms[won].Realm.ID {
		t.Errorf("the winner's realm is not the one stored")
	}
	for i, r := range realms {
		if _, err := s.shared.UserByName(t.Context(), r.Realm.ID, "eve"); (err == nil) != (i == won) {
			t.Errorf("realm %d: looking for its user: %v", i, err)
		}
	}
}

func testVideoManagers(t *testing.T, s *suite) {
	ctx := t.Context()
	anna, bob, carl := s.person("anna"), s.person("bob"), s.person("carl")
	realm := s.id("realm")
	manager := func(id int64, name, conf string) vms.VideoManager {
		v := vms.VideoManager{ID: id, Name: name, UUID: s.id("uuid"), RealmID: realm}
		if conf != "" {
			v.Configuration = json.RawMessage(conf)
		}
		return v
	}
	in := []vms.Membership{
		{VideoManager: manager(1<<40, "Große Straße", `{"a": [1, 2]}`), Members: []string{anna.ID, bob.ID}},
		{VideoManager: manager(-1, "", ""), Members: []string{anna.ID}},
		{VideoManager: manager(7, "empty", `{}`)},
	}
	ok(t, s.shared.ImportRealm(ctx, iam.RealmImport{Realm: iam.Realm{ID: realm, Name: realm}, Users: []iam.User{anna, bob}}, in))
	ok(t, s.shared.AddUsers(ctx, realm, []iam.User{carl}, []int64{7, -1}))

	in[1].VideoManager.Configuration = json.RawMessage(`{}`)
	in[1].Members = []string{anna.ID, carl.ID}
	in[2].Members = []string{carl.ID}
	want := []vms.Membership{in[1], in[2], in[0]}
	got, err := s.shared.VideoManagers(ctx, realm)
	ok(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("VideoManagers (-want +got):\n%s", diff)
	}
	for user, want := range map[string][]vms.VideoManager{
		anna.ID:  {in[1].VideoManager, in[0].VideoManager},
		bob.ID:   {in[0].VideoManager},
		carl.ID:  {in[1].VideoManager, in[2].VideoManager},
		"nobody": nil,
	} {
		got, err := s.shared.VideoManagersOf(ctx, realm, user)
		ok(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("VideoManagersOf %s (-want +got):\n%s", user, diff)
		}
	}
	elsewhere, err := s.shared.VideoManagersOf(ctx, s.world(t).realm, anna.ID)
	ok(t, err)
	if len(elsewhere) > 0 {
		t.Errorf("another realm tells of %+v", elsewhere)
	}
}

func testProbe(t *testing.T, s *suite) {
	for range 3 {
		ok(t, s.shared.Probe(t.Context()))
	}
}

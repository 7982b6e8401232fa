package doctor

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// lines are a report as "level check" lines.
func lines(r Report) string {
	var b strings.Builder
	for _, f := range r {
		fmt.Fprintf(&b, "%s %s\n", f.Level, f.Check)
	}
	return b.String()
}

func soundMachine() Machine {
	synced := true
	return Machine{
		Files:    []File{{Path: "/data", Mode: 0o700, UID: 10, Widest: 0o700}, {Path: "/data/usher.db", Mode: 0o600, UID: 10, Widest: 0o600}},
		Settings: true, Owner: 10, Me: 10, FreeBytes: 50 << 30, TotalBytes: 100 << 30, DatabaseBytes: 1 << 30, ClockSynced: &synced,
		Hash: 15 * time.Millisecond, Slots: 1,
	}
}

func TestASoundMachineHasNoFindings(t *testing.T) {
	t.Parallel()
	want := "success settings.refused\nsuccess files.mode\nsuccess disk.free\nsuccess clock.synchronised\nsuccess passwords.hash\n"
	if got := lines(JudgeMachine(soundMachine())); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

func TestWhatIsWrongWithAMachine(t *testing.T) {
	t.Parallel()
	not := false
	for _, c := range []struct {
		name string
		hurt func(*Machine)
		want string
		says string
	}{
		{"a refused setting", func(m *Machine) { m.Problems = []Problem{{"public_url", "is plain http", "use https"}} }, "failure settings.refused", "public_url: is plain http"},
		{"a database others can read", func(m *Machine) { m.Files[1].Mode = 0o644 }, "failure files.mode", "/data/usher.db has mode 0644"},
		{"somebody else's file", func(m *Machine) { m.Files[1].UID = 11 }, "failure files.owner", "belongs to uid 11"},
		{"a file of root's in the folder", func(m *Machine) { m.Files[1].UID = 0 }, "failure files.owner", "belongs to uid 0"},
		{"another user asks", func(m *Machine) { m.Me, m.Files = 11, nil }, "failure files.user", "uid 11, who asks"},
		{"another user asks, who cannot see the folder", func(m *Machine) { m.Me, m.Owner, m.Files = 11, -1, nil }, "failure files.user", "cannot see the data folder"},
		{"metrics for everybody", func(m *Machine) { m.Management = "0.0.0.0:9000" }, "warning settings.management", "0.0.0.0:9000"},
		{"a disk with no room", func(m *Machine) { m.FreeBytes = 1 << 20 }, "failure disk.free", "1.0 MiB of 100 GiB free"},
		{"a disk with little room", func(m *Machine) { m.FreeBytes = 500 << 20 }, "warning disk.free", "500 MiB"},
		{"a clock on its own", func(m *Machine) { m.ClockSynced = &not }, "warning clock.synchronised", "nothing keeps the clock"},
		{"a slow machine", func(m *Machine) { m.Hash = time.Second }, "warning passwords.hash", "1 first logins a second"},
		{"hashes that cost nothing", func(m *Machine) { m.Hash = time.Millisecond }, "warning passwords.hash", "1ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := soundMachine()
			c.hurt(&m)
			holds(t, JudgeMachine(m), c.want, c.says)
		})
	}
}

// TestWhatIsNoFaultOfAMachine: root may ask, and may keep the keys; who has no
// settings is told nothing of them.
func TestWhatIsNoFaultOfAMachine(t *testing.T) {
	t.Parallel()
	m := soundMachine()
	m.Me, m.Settings = 0, false
	m.Files = append(m.Files, File{Path: "/etc/usher/master.key", Mode: 0o600, Widest: 0o600, Outside: true})
	want := "success files.mode\nsuccess disk.free\nsuccess clock.synchronised\nsuccess passwords.hash\n"
	if got := lines(JudgeMachine(m)); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

// holds checks for a finding whose text has the words, with advice, and that
// nothing else was found.
func holds(t *testing.T, r Report, want, says string) {
	t.Helper()
	found := false
	for _, f := range r {
		if f.Level == Success {
			if f.Advice != "" {
				t.Errorf("advice where nothing is wrong: %+v", f)
			}
			continue
		}
		if f.Advice == "" {
			t.Errorf("no advice: %+v", f)
		}
		if string(f.Level)+" "+f.Check == want && strings.Contains(f.Text, says) {
			found = true
			continue
		}
		t.Errorf("also found: %+v", f)
	}
	if !found {
		t.Errorf("no finding %q with %q in:\n%s", want, says, lines(r))
	}
}

func soundAddress() Address {
	return Address{
		PublicURL: "https://login.example.org", Asked: now, Date: now,
		Issuers: []Issuer{{"platform", "https://login.example.org/auth/realms/platform", "https://login.example.org/auth/realms/platform"}},
		TLS:     &TLS{NotAfter: now.Add(60 * 24 * time.Hour), Version: "TLS 1.3"},
		Proxy:   &Proxy{Arrived: true, Invented: "192.0.2.77", ForwardedFor: "192.0.2.77, 198.51.100.1", Seen: "198.51.100.1", Peer: "10.0.0.5", Trusted: true, Secure: true},
	}
}

func TestWhatIsWrongWithAnAddress(t *testing.T) {
	t.Parallel()
	if w, f := JudgeAddress(soundAddress(), now).Open(); w+f > 0 {
		t.Errorf("a sound address: %s", lines(JudgeAddress(soundAddress(), now)))
	}
	for _, c := range []struct {
		name string
		hurt func(*Address)
		want string
		says string
	}{
		{"nobody answers", func(a *Address) { a.Unreachable = errors.New("connection refused") }, "failure address.reachable", "connection refused"},
		{"another issuer", func(a *Address) { a.Issuers[0].Stated = "http://inside:8080/auth/realms/platform" }, "failure address.issuer", "inside:8080"},
		{"a clock that is off", func(a *Address) { a.Date = now.Add(-time.Minute) }, "failure clock.equal", "-1m0s"},
		{"a certificate that ended", func(a *Address) { a.TLS.NotAfter = now.Add(-time.Hour) }, "failure tls.days", "ended at 2026-11-01T11:00:00Z"},
		{"a certificate for two days", func(a *Address) { a.TLS.NotAfter = now.Add(49 * time.Hour) }, "failure tls.days", "2 more days"},
		{"a certificate for ten days", func(a *Address) { a.TLS.NotAfter = now.Add(241 * time.Hour) }, "warning tls.days", "10 more days"},
		{"a certificate nobody knows", func(a *Address) { a.TLS.Untrusted = errors.New("unknown authority") }, "failure tls.trusted", "unknown authority"},
		{"a proxy that passes on what it is told", func(a *Address) { a.Proxy.Seen, a.Proxy.ForwardedFor = "192.0.2.77", "192.0.2.77" }, "failure proxy.address", "believes any client"},
		{"a proxy that puts itself before what it is told", func(a *Address) { a.Proxy.Seen, a.Proxy.ForwardedFor = "192.0.2.77", "198.51.100.1, 192.0.2.77" }, "failure proxy.address", "believes any client"},
		{"a proxy that is not named", func(a *Address) { a.Proxy.Trusted, a.Proxy.Seen = false, "10.0.0.5" }, "warning proxy.address", "10.0.0.5 forwards requests and is not trusted"},
		{"a proxy that tells nothing", func(a *Address) { a.Proxy.ForwardedFor, a.Proxy.Seen = "", "10.0.0.5" }, "warning proxy.address", "does not say for whom"},
		{"another server answers", func(a *Address) { a.Proxy = &Proxy{} }, "warning proxy.probe", "did not arrive"},
		{"https taken for http", func(a *Address) { a.Proxy.Secure = false }, "failure proxy.https", "plain http"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := soundAddress()
			c.hurt(&a)
			holds(t, JudgeAddress(a, now), c.want, c.says)
		})
	}
}

// TestWhatIsNoFaultOfAProxy: none in front; and doctor asking from a machine
// whose word counts, as that of a proxy does.
func TestWhatIsNoFaultOfAProxy(t *testing.T) {
	t.Parallel()
	for says, p := range map[string]Proxy{
		"sees this machine as 198.51.100.1":      {Arrived: true, Invented: "192.0.2.77", ForwardedFor: "192.0.2.77", Seen: "198.51.100.1", Peer: "198.51.100.1", Secure: true},
		"this machine is itself one of trusted_": {Arrived: true, Invented: "192.0.2.77", ForwardedFor: "192.0.2.77, 127.0.0.1", Seen: "192.0.2.77", Peer: "127.0.0.1", Trusted: true, Secure: true},
	} {
		a := soundAddress()
		a.Proxy = &p
		r := JudgeAddress(a, now)
		if last := r[len(r)-1]; last.Level != Success || !strings.Contains(last.Text, says) {
			t.Errorf("%+v, want %q", last, says)
		}
	}
}

func TestNotEveryRealmIsAsked(t *testing.T) {
	t.Parallel()
	a := soundAddress()
	a.Unasked = 3
	if r := JudgeAddress(a, now); r[2].Text != "3 more realms were not asked for" {
		t.Errorf("%+v", r[2])
	}
}

func TestJudgeServer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s      Server
		wanted bool
		want   string
	}{
		"runs":                     {Server{Running: true, Version: "1.0.0", Own: "1.0.0", PID: 7}, true, "success server.answers\n"},
		"runs another release":     {Server{Running: true, Version: "1.0.0", Own: "1.1.0"}, true, "warning server.version\n"},
		"does not answer":          {Server{Refused: errors.New("timed out")}, false, "failure server.answers\n"},
		"none runs":                {Server{}, true, "warning server.answers\n"},
		"none runs, none is meant": {Server{}, false, ""},
	} {
		if got := lines(JudgeServer(c.s, c.wanted)); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func soundRealm() Realm {
	return Realm{
		Realm: iam.Realm{Name: "platform", Enabled: true, SSLRequired: "external", RevokeRefreshToken: true,
			Lifetimes: iam.Lifetimes{SessionMax: 36000}},
		Clients: []iam.Client{{ClientID: "web", Enabled: true, Public: true, StandardFlow: true, RedirectURIs: []string{"https://app.example.org/cb", "http://127.0.0.1/cb"}}},
		Keys:    []Key{{Key: iam.Key{KID: "k1", Algorithm: "RS256", Status: iam.KeyActive, CreatedAt: now.Add(-24 * time.Hour).UnixMilli()}, Bits: 2048}},
	}
}

func TestWhatIsWrongWithARealm(t *testing.T) {
	t.Parallel()
	if got := lines(JudgeRealm(soundRealm(), now)); got != "success realms.settings\n" {
		t.Errorf("a sound realm:\n%s", got)
	}
	for _, c := range []struct {
		name string
		hurt func(*Realm)
		want string
		says string
	}{
		{"disabled", func(r *Realm) { r.Realm.Enabled = false }, "warning realms.enabled", "disabled"},
		{"the password grant", func(r *Realm) { r.Clients[0].DirectAccessGrants = true }, "warning realms.password-grant", "grant: web"},
		{"reusable refresh tokens", func(r *Realm) { r.Realm.RevokeRefreshToken = false }, "warning realms.reusable-refresh", "again: web"},
		{"a wildcard", func(r *Realm) { r.Clients[0].RedirectURIs = []string{"https://app.example.org/*"} }, "warning realms.wildcard-redirect", "web"},
		{"a redirect in clear", func(r *Realm) { r.Clients[0].RedirectURIs = []string{"http://localhost.example.org/cb"} }, "warning realms.plain-redirect", "web"},
		{"any origin", func(r *Realm) { r.Clients[0].WebOrigins = []string{"*"} }, "warning realms.any-origin", "web"},
		{"every role", func(r *Realm) {
			r.Clients[0].FullScopeAllowed = true
			r.Realm.ClientRoles = map[string][]iam.Role{"other": {{Name: "admin"}}}
		}, "warning realms.full-scope", "web"},
		{"no secret", func(r *Realm) { r.Clients[0].Public = false }, "warning realms.no-secret", "web"},
		{"guessing without limit", func(r *Realm) { r.Realm.Guessing.Off = true }, "failure realms.guessing", "without limit"},
		{"plain http", func(r *Realm) { r.Realm.SSLRequired = "none" }, "warning realms.https", "plain http"},
		{"no audience", func(r *Realm) { r.Realm.NoVideoAudience = true }, "warning realms.audience", "no audience"},
		{"sessions for ever", func(r *Realm) { r.Realm.Lifetimes.SessionMax = 0 }, "warning realms.session-max", "never ends"},
		{"weak hashes", func(r *Realm) { r.WeakHashes, r.Hashes = 3, 10 }, "warning passwords.stored", "3 of 10"},
		{"an old key", func(r *Realm) { r.Keys[0].CreatedAt = now.Add(-200 * 24 * time.Hour).UnixMilli() }, "warning keys.age", "200 days"},
		{"an ancient key", func(r *Realm) { r.Keys[0].CreatedAt = now.Add(-800 * 24 * time.Hour).UnixMilli() }, "failure keys.age", "800 days"},
		{"a small key", func(r *Realm) { r.Keys[0].Bits = 1024 }, "failure keys.size", "1024 bits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := soundRealm()
			c.hurt(&r)
			holds(t, JudgeRealm(r, now), c.want, c.says)
		})
	}
}

func TestWhatIsWrongWithAStore(t *testing.T) {
	t.Parallel()
	sound := Store{Realms: 1, Deep: &Deep{Rows: 10}}
	if w, f := JudgeStore(sound).Open(); w+f > 0 {
		t.Errorf("a sound store:\n%s", lines(JudgeStore(sound)))
	}
	for _, c := range []struct {
		name string
		s    Store
		want string
		says string
	}{
		{"it does not open", Store{Unreadable: errors.New("wrong master key"), Trouble: OtherKey}, "failure store.opens", "wrong master key"},
		{"an older release's", Store{Unreadable: errors.New("written by an older release"), Trouble: OlderRelease}, "warning store.opens", "older release"},
		{"a part that cannot be read", Store{Realms: 1, Unread: []error{errors.New("the passwords of realm platform: disk I/O error")}}, "failure store.reads", "disk I/O error"},
		{"a damaged client", Store{Realms: 1, Damaged: []string{"client c1"}}, "failure store.rows", "client c1"},
		{"the only realm is damaged", Store{Damaged: []string{"realm r1"}}, "failure store.rows", "realm r1"},
		{"one event is not sealed", Store{Realms: 1, Unsealed: 1, SealAge: time.Hour}, "warning events.sealed", "1 event waits"},
		{"nothing in it", Store{}, "failure store.realm", "no realm"},
		{"nobody seals", Store{Realms: 1, Unsealed: 4, SealAge: time.Hour}, "warning events.sealed", "4 events wait"},
		{"a damaged row", Store{Realms: 1, Deep: &Deep{Damaged: []string{"users 17"}}}, "failure store.rows", "damaged: users 17"},
		{"a broken file", Store{Realms: 1, Deep: &Deep{Broken: []string{"row 5 missing from index"}}}, "failure store.file", "row 5 missing"},
		{"a changed record", Store{Realms: 1, Deep: &Deep{Events: []string{"rows 5 to 9 were changed"}}}, "failure events.record", "rows 5 to 9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			holds(t, JudgeStore(c.s), c.want, c.says)
		})
	}
}

// TestEachTroubleHasItsAdvice, and no two the same.
func TestEachTroubleHasItsAdvice(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for kind := Unexplained; kind <= FolderMissing; kind++ {
		r := JudgeStore(Store{Unreadable: errors.New("x"), Trouble: kind})
		if len(r) != 1 || r[0].Advice == "" || seen[r[0].Advice] {
			t.Errorf("kind %d: %+v", kind, r)
		}
		seen[r[0].Advice] = true
	}
}

func TestManyFindingsOfAKindAreCounted(t *testing.T) {
	t.Parallel()
	d := &Deep{Broken: []string{"a row of client names none", "a row of client names none", "a page is lost"}}
	for i := range 25 {
		d.Damaged = append(d.Damaged, fmt.Sprint("users ", i))
	}
	var got []string
	for _, f := range JudgeStore(Store{Realms: 1, Deep: d}) {
		if f.Level != Success {
			got = append(got, f.Text)
		}
	}
	want := []string{"and 5 more", "a row of client names none (2 times)", "a page is lost"}
	if diff := cmp.Diff(want, got[20:]); diff != "" || got[19] != "damaged: users 19" {
		t.Errorf("%s\n%s", got[:20], diff)
	}
}

// TestTheTableHasEveryCheck that the code names, and no other.
func TestTheTableHasEveryCheck(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, file := range files {
		if file == "checks.go" || strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`[({ ]"([a-z]+\.[a-z-]+)"`).FindAllStringSubmatch(string(text), -1) {
			named[m[1]] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(Checks())), slices.Sorted(maps.Keys(named))); diff != "" {
		t.Errorf("table against code:\n%s", diff)
	}
}

func TestGroupsStandTogether(t *testing.T) {
	t.Parallel()
	r := Report{{Check: "clock.synchronised"}, {Check: "store.opens"}, {Check: "events.sealed"}, {Check: "store.rows"}, {Check: "clock.equal"}, {Check: "realms.https", Text: "b"}, {Check: "realms.enabled", Text: "a"}}
	r.Sort()
	want := Report{{Check: "clock.synchronised"}, {Check: "clock.equal"}, {Check: "store.opens"}, {Check: "store.rows"}, {Check: "events.sealed"}, {Check: "realms.https", Text: "b"}, {Check: "realms.enabled", Text: "a"}}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
}

func TestAcceptedFindingsDoNotCount(t *testing.T) {
	t.Parallel()
	in := soundRealm()
	in.Clients[0].DirectAccessGrants = true
	in.Realm.Guessing.Off = true
	r := JudgeRealm(in, now)
	if w, f := r.Open(); w != 1 || f != 1 {
		t.Fatalf("%d warnings, %d failures", w, f)
	}
	if err := r.Accept([]string{"realms.password-grant", "keys.age"}); err != nil {
		t.Fatal(err)
	}
	if w, f := r.Open(); w != 0 || f != 1 {
		t.Errorf("after accepting one: %d warnings, %d failures", w, f)
	}
	if err := r.Accept([]string{"realms.nonsense"}); err == nil {
		t.Error("a check that does not exist was accepted")
	}
}

package doctor

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

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
		Files: []File{{Path: "/data", Mode: 0o700, UID: 10, Widest: 0o700}, {Path: "/data/usher.db", Mode: 0o600, UID: 10, Widest: 0o600}},
		UID:   10, FreeBytes: 50 << 30, TotalBytes: 100 << 30, DatabaseBytes: 1 << 30, ClockSynced: &synced,
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
		Proxy:   &Proxy{Invented: "192.0.2.77", Seen: "10.1.1.1", Peer: "10.0.0.5", Secure: true},
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
		{"any client is believed", func(a *Address) { a.Proxy.Seen = "192.0.2.77" }, "failure proxy.address", "believes any client"},
		{"a proxy that is not named", func(a *Address) { a.Proxy.Forwarded = true }, "warning proxy.address", "10.0.0.5 forwards"},
		{"https taken for http", func(a *Address) { a.Proxy.Secure = false }, "failure proxy.https", "plain http"},
		{"metrics for everybody", func(a *Address) { a.Management = "0.0.0.0:9000" }, "warning address.management", "0.0.0.0:9000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := soundAddress()
			c.hurt(&a)
			holds(t, JudgeAddress(a, now), c.want, c.says)
		})
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
		{"it does not open", Store{Unreadable: errors.New("wrong master key")}, "failure store.opens", "wrong master key"},
		{"nothing in it", Store{}, "failure store.realm", "no realm"},
		{"nobody seals", Store{Realms: 1, Unsealed: 4, SealAge: time.Hour}, "warning events.sealed", "4 events wait"},
		{"a damaged row", Store{Realms: 1, Deep: &Deep{Damaged: []string{"users 17"}}}, "failure store.rows", "users 17"},
		{"a broken file", Store{Realms: 1, Deep: &Deep{Broken: []string{"row 5 missing from index"}}}, "failure store.file", "row 5 missing"},
		{"a changed record", Store{Realms: 1, Deep: &Deep{Events: []string{"rows 5 to 9 were changed"}}}, "failure events.record", "rows 5 to 9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			holds(t, JudgeStore(c.s), c.want, c.says)
		})
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
	if err := r.Accept([]string{"realms.password-grant"}); err != nil {
		t.Fatal(err)
	}
	if w, f := r.Open(); w != 0 || f != 1 {
		t.Errorf("after accepting one: %d warnings, %d failures", w, f)
	}
	if err := r.Accept([]string{"realms.nonsense"}); err == nil {
		t.Error("a check that does not exist was accepted")
	}
}

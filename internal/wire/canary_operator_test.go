package wire

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app/recovery"
	"github.com/seed-a6a28e10/usher/internal/keys"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
	"github.com/seed-a6a28e10/usher/internal/tracing"
)

func canaryTracer(t *testing.T, to *tracetest.InMemoryExporter) *tracing.Tracer {
	t.Helper()
	tracer, err := tracing.New(t.Context(), tracing.Options{Addresses: true, Log: slog.New(slog.DiscardHandler), Exporter: to})
	if err != nil {
		t.Fatal(err)
	}
	return tracer
}

// written is everything a span can hold, of all that were sent.
func written(t *testing.T, spans *tracetest.InMemoryExporter) []byte {
	t.Helper()
	var b strings.Builder
	for _, s := range spans.GetSpans() {
		fmt.Fprintf(&b, "%s %v %v %v %v %v\n", s.Name, s.Attributes, s.Events, s.Links, s.Status, s.Resource)
	}
	return []byte(b.String())
}

// canaryOrders gives every order that takes or makes a secret, and those that
// show what there is, and returns the master key that is in force then.
func canaryOrders(t *testing.T, w *world, c *canaries, say func(*exchange) *exchange) (master []byte) {
	t.Helper()
	tell := func(status int, method, route string, body any, values ...string) *exchange {
		e := say(w.send(t, method, route, body, values...))
		if e.status != status {
			t.Errorf("%s %s: %d %s", method, route, e.status, e.body)
		}
		return e
	}
	given := c.make("operator's password")
	tell(201, "POST", api.AdminUsers, api.NewUser{Username: "made", Password: &given}, "platform")
	tell(409, "POST", api.AdminUsers, api.NewUser{Username: "made", Password: &given}, "platform") // is there already
	tell(200, "POST", api.AdminUserPassword, api.NewPassword{Password: c.make("operator's second password"), Temporary: true}, "platform", "person3")
	tell(404, "POST", api.AdminUserPassword, api.NewPassword{Password: c.make("password of nobody")}, "platform", "nobody")
	tell(400, "POST", api.AdminUserPassword, `{"password":"`+c.make("password in broken JSON"), "platform", "person3")
	tell(400, "POST", api.AdminUserPassword, `{"pasword":"`+c.make("password under a wrong name")+`"}`, "platform", "person3")
	tell(400, "POST", api.AdminUserPassword, `{"password":["`+c.make("password of a wrong form")+`"]}`, "platform", "person3")
	tell(400, "POST", api.AdminUserPassword+"?password="+c.make("password in an order's URL"), nil, "platform", "person3")
	w.clock.Trap(once("internal/admin."))
	tell(500, "POST", api.AdminUserPassword, api.NewPassword{Password: c.make("password of an order that panics")}, "platform", "person3")
	w.clock.Trap(nil)

	made := func(what, method, route string, body any, values ...string) string {
		e := w.send(t, method, route, body, values...) // the one answer that holds the secret
		var got api.ClientSecret
		if err := json.Unmarshal(e.body, &got); err != nil || got.Secret == "" {
			t.Fatalf("%s: %d %s", what, e.status, e.body)
		}
		c.add(what, []byte(got.Secret))
		return got.Secret
	}
	made("made client secret", "POST", api.AdminClients, api.NewClient{ClientID: "shop", Kind: api.KindConfidential, ServiceAccounts: true}, "platform")
	renewed := made("renewed client secret", "POST", api.AdminClientSecret, nil, "platform", "shop")
	say(w.post(t, tokenPath, form("grant_type", "client_credentials"), http.Header{"Authorization": {"Basic " + basic("shop", renewed)}}))

	tell(200, "POST", api.AdminKeysRotate, api.RotateKeys{}, "platform")
	tell(200, "POST", api.AdminKeysRotate, api.RotateKeys{Immediately: true}, "platform")
	imported := fmt.Sprintf(`{"realm":"platform","users":[{"username":"moved","credentials":[{"type":"password","value":%q}]}],"clients":[{"clientId":"moved","secret":%q}]}`,
		c.make("imported password"), c.make("imported client secret"))
	broken := `{"realm":"platform","users":[{"username":"broken","credentials":[{"type":"password","value":"` + c.make("password in a broken file")
	tell(200, "POST", api.AdminImport, api.ImportFiles{Files: []api.File{{Name: "realm.json", Data: []byte(imported)}}})
	tell(422, "POST", api.AdminImport, api.ImportFiles{Files: []api.File{{Name: "realm.json", Data: []byte(broken)}}})
	master = c.key("next master key")
	tell(422, "POST", api.AdminMasterKeyRotate, api.RotateMasterKey{New: c.key("refused master key")[:31]})
	tell(200, "POST", api.AdminMasterKeyRotate, api.RotateMasterKey{New: master})
	c.sealed(t, w, master)

	for _, route := range []string{api.AdminUsers, api.AdminClients, api.AdminKeys, api.AdminSessions, api.AdminExport, api.AdminExport + "?users=same_file"} {
		shown(t, tell(200, "GET", route, nil, "platform"), say)
	}
	for _, route := range []string{api.AdminStatus, api.AdminRealms, api.AdminEvents + "?limit=1000", api.AdminEventsVerify} {
		tell(200, "GET", route, nil)
	}
	tell(200, "GET", api.AdminUser, nil, "platform", "person3")
	tell(200, "GET", api.AdminClient, nil, "platform", "shop")
	return master
}

// shown lets the files in an answer be looked into too: they travel as base64,
// in which a canary would be found only where it begins at one of three places.
func shown(t *testing.T, e *exchange, say func(*exchange) *exchange) {
	t.Helper()
	var files api.ExportFiles
	if e.status != http.StatusOK {
		t.Fatalf("%d %s", e.status, e.body)
	}
	if err := json.Unmarshal(e.body, &files); err != nil {
		t.Fatal(err)
	}
	for _, f := range files.Files {
		say(&exchange{status: e.status, body: f.Data})
	}
}

// once panics the first time that the time is asked for below a package.
func once(below string) func() {
	f := fuse{}
	f.left.Store(1)
	return func() {
		if stack := string(debug.Stack()); strings.Contains(stack, below) && f.left.Add(-1) == 0 {
			panic("the test's fuse")
		}
	}
}

// sealed makes canaries of the keys that the server made for itself: those of
// signing, which lie in the database sealed under the master key, and its root.
func (c *canaries) sealed(t *testing.T, w *world, masterKey []byte) {
	t.Helper()
	sealer, err := secret.NewSealer(masterKey)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Inspect(t.Context(), w.Data, sealer.UnlockRoot, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c.add("root key", db.RootKey())
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range rows.Keys {
		plain, err := sealer.Open(k.Sealed, k.RealmID, k.ID, keys.Purpose)
		if err != nil {
			t.Fatal(err)
		}
		c.add("private key "+k.KID, plain)
		if half := len(plain) / 2; half > 64 { // its beginning is the same in all keys
			c.add("the middle of the private key "+k.KID, plain[half:half+48])
		}
	}
}

// canaryBackup looks for every secret in a backup, the master key and the
// passphrase it lies under among them.
func canaryBackup(t *testing.T, w *world, c *canaries, masterKey []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "usher.tar")
	c.add("written master key", []byte(base64.StdEncoding.EncodeToString(masterKey)))
	if _, err := recovery.Backup(context.Background(), recovery.Options{
		Data: w.Data, MasterKey: masterKey, File: file, Passphrase: c.make("passphrase"), Work: 4, Now: w.clock.Now(),
	}); err != nil {
		t.Fatal(err)
	}
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c.nowhereIn(t, "a backup", packed, false)
}

package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app"
)

// routes reads the routes of administration from their source, so that none can
// be forgotten here.
func routes(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../api/admin.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok && strings.HasPrefix(spec.Names[0].Name, "Admin") {
			path, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, path)
		}
		return true
	})
	if len(all) < 25 {
		t.Fatalf("found only %d routes", len(all))
	}
	return all
}

// offline is the handler over a folder with the built-in realm and jane.
func offline(t *testing.T) operator {
	t.Helper()
	o := offlineEmpty(t)
	order[api.Realm](t, o, http.MethodPost, api.AdminRealms, api.NewRealm{Name: "platform"})
	addPerson(t, o, "jane")
	return o
}

// offlineEmpty is the handler over a new folder.
func offlineEmpty(t *testing.T) operator {
	t.Helper()
	a, err := app.OpenOffline(t.Context(), app.Config{
		Data: filepath.Join(t.TempDir(), "data"), MasterKey: []byte(strings.Repeat("k", 32)),
	}, app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return inProcess(a.AdminHandler())
}

// bodies are acceptable orders, by route; the others take none.
var bodies = map[string]any{
	api.AdminRealms:          api.NewRealm{Name: "other"},
	api.AdminUsers:           api.NewUser{Username: "x"},
	api.AdminUserPassword:    api.NewPassword{Password: goodPassword},
	api.AdminClients:         api.NewClient{ClientID: "x", Kind: api.KindPublic},
	api.AdminNotBefore:       api.SetNotBefore{Scope: api.ScopeRealm},
	api.AdminVideoManagers:   api.NewVideoManager{Name: "x"},
	api.AdminMembers:         api.ChangeMembers{Add: []string{"jane"}},
	api.AdminKeysRotate:      api.RotateKeys{Algorithm: "HS512"},
	api.AdminEventsVerify:    api.VerifyEvents{},
	api.AdminImport:          api.ImportFiles{Files: []api.File{{Name: "realm.json", Data: []byte(`{"realm": "x"}`)}}},
	api.AdminMasterKeyRotate: api.RotateMasterKey{New: []byte(strings.Repeat("n", 32))},
}

// fill makes a path of a route; what it names besides the realm does not exist.
func fill(route, realm string) string {
	var values []string
	for segment := range strings.SplitSeq(route, "/") {
		switch segment {
		case "{realm}":
			values = append(values, realm)
		case "{id}":
			values = append(values, "987654")
		default:
			if strings.HasPrefix(segment, "{") {
				values = append(values, "nobody")
			}
		}
	}
	return api.AdminPath(route, values...)
}

// TestEveryRouteIsStrict goes through all routes and methods.
func TestEveryRouteIsStrict(t *testing.T) {
	t.Parallel()
	o := offline(t)
	for _, route := range routes(t) {
		path := fill(route, "platform")
		wrong := o.send(t, http.MethodPatch, path, nil)
		allow := strings.Split(wrong.header.Get("Allow"), ", ")
		if wrong.status != http.StatusMethodNotAllowed || allow[0] == "" {
			t.Errorf("PATCH %s: %d, Allow %q", route, wrong.status, allow)
			continue
		}
		for _, method := range allow {
			if method == http.MethodHead {
				continue
			}
			t.Run(method+" "+route, func(t *testing.T) { strict(t, o, method, route) })
		}
	}
	for _, path := range []string{"/", "/nowhere", "/realms/platform/nowhere", "/realms/platform/users/jane/nowhere"} {
		refusal(t, o, http.StatusNotFound, http.MethodGet, path, nil)
	}
}

func strict(t *testing.T, o operator, method, route string) {
	path := fill(route, "platform")
	body := bodies[route]
	if method != http.MethodPost {
		body = nil
	}
	if p := refusal(t, o, http.StatusBadRequest, method, path+"?surplus=1", body); !strings.Contains(p.Message, "surplus") {
		t.Errorf("an unknown parameter: %s", p.Message)
	}
	if method != http.MethodGet {
		if p := refusal(t, o, http.StatusBadRequest, method, path, `{"is_admin": true}`); !strings.Contains(p.Message, "is_admin") {
			t.Errorf("an unknown member: %s", p.Message)
		}
		refusal(t, o, http.StatusBadRequest, method, path, `[]`)
		refusal(t, o, http.StatusBadRequest, method, path, `{`)
	}
	if strings.Contains(route, "{realm}") {
		if p := refusal(t, o, http.StatusNotFound, method, fill(route, "platfrom"), body); !strings.Contains(p.ErrorHint, "Did you mean platform?") {
			t.Errorf("an unknown realm: %+v", p)
		}
		if strings.Count(route, "{") > 1 {
			refusal(t, o, http.StatusNotFound, method, path, body)
		}
	}
	if strings.Contains(route, "{id}") {
		refusal(t, o, http.StatusBadRequest, method, strings.Replace(path, "987654", "jane", 1), body)
	}
	if _, takes := bodies[route]; takes && method == http.MethodPost {
		refusal(t, o, http.StatusBadRequest, method, path, nil)
	}
}

func TestBodiesAreStrict(t *testing.T) {
	t.Parallel()
	o := offline(t)
	for name, c := range map[string]struct {
		body   string
		status int
		says   string
	}{
		"a member twice":       {`{"username": "x", "username": "y"}`, 400, "username is there twice"},
		"in other letters":     {`{"Username": "x"}`, 400, "Unknown member"},
		"of another kind":      {`{"username": 5}`, 400, "username"},
		"two objects":          {`{"username": "x"}{"username": "y"}`, 400, "follows"},
		"no JSON":              {`username=x`, 400, "JSON"},
		"an id of one's own":   {`{"username": "x", "id": "00000000-0000-4000-8000-000000000000"}`, 400, "id"},
		"a hash of one's own":  {`{"username": "x", "secretData": "{}"}`, 400, "secretData"},
		"larger than a MiB":    {`{"username": "` + strings.Repeat("x", 1<<20) + `"}`, 413, "1024 KiB"},
		"a name without end":   {`{"username": "` + strings.Repeat("x", 300) + `"}`, 422, "255"},
		"a control character":  {`{"username": "x\u001b[31m"}`, 422, "control"},
		"a role there is not":  {`{"username": "x", "realm_roles": ["emperor"]}`, 422, "emperor"},
		"a tenant there isn't": {`{"username": "x", "vms": [4711]}`, 422, "4711"},
		"a name that is taken": {`{"username": "JANE "}`, 409, "jane"},
	} {
		t.Run(name, func(t *testing.T) {
			p := refusal(t, o, c.status, http.MethodPost, at(api.AdminUsers), c.body)
			if !strings.Contains(p.Message, c.says) {
				t.Errorf("says %q", p.Message)
			}
		})
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://usher"+at(api.AdminUsers), strings.NewReader(`{"username": "x"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := o.do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("without a media type: %d", resp.StatusCode)
	}
	page := order[api.Page[api.User]](t, o, http.MethodGet, at(api.AdminUsers), nil)
	if names := usernames(page); !slices.Equal(names, []string{"jane"}) {
		t.Errorf("users %q", names)
	}
}

func usernames(p api.Page[api.User]) (names []string) {
	for _, u := range p.Items {
		names = append(names, u.Username)
	}
	return names
}

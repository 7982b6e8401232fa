package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// moved is a realm with an own user and one whom platform has as well.
const moved = `{"realm": "platform", "users": [
	{"username": "` + apptest.User + `", "enabled": true, "credentials": [{"type": "password", "value": "not this one, please"}]},
	{"username": "moved", "enabled": true, "credentials": [{"type": "password", "value": "a password that moved"}]}]}`

func TestImportOverTheSocket(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	o := overSocket(t, u.Data)
	files := api.ImportFiles{Files: []api.File{{Name: "realm.json", Data: []byte(moved)}}}
	users := func(r api.ImportReport) (row api.ImportRow) {
		for _, row = range r.Rows {
			if row.Kind == "users" {
				return row
			}
		}
		t.Fatalf("no users in %+v", r)
		return row
	}
	dry := order[api.ImportReport](t, o, http.MethodPost, api.AdminImport+"?dry_run=true", files)
	if row := users(dry); !dry.DryRun || row.Imported != 1 || row.InFile != 2 {
		t.Errorf("dry run: %+v", dry)
	}
	if status, _, _ := tokensOf(t, u, "moved", "a password that moved"); status != 401 {
		t.Errorf("after the dry run a login answers %d", status)
	}
	if row := users(order[api.ImportReport](t, o, http.MethodPost, api.AdminImport, files)); row.Imported != 1 {
		t.Errorf("imported %+v", row)
	}
	if status, _, _ := tokensOf(t, u, "moved", "a password that moved"); status != 200 {
		t.Errorf("a login answers %d", status)
	}
	if status, _, _ := tokensOf(t, u, apptest.User, apptest.Password); status != 200 {
		t.Errorf("the old password: %d", status)
	}
	if row := users(order[api.ImportReport](t, o, http.MethodPost, api.AdminImport, files)); row.Imported != 0 {
		t.Errorf("imported again: %+v", row)
	}
	page := order[api.Page[api.Event]](t, o, http.MethodGet, api.AdminEvents+"?type=ADMIN_ACTION", nil)
	if len(page.Items) != 1 || page.Items[0].Details["resourcePath"] != "import" || page.Items[0].Details["users"] != "1" {
		t.Errorf("events %+v", page.Items)
	}
	p := refusal(t, o, 422, http.MethodPost, api.AdminImport, api.ImportFiles{Files: []api.File{{Name: "bad.json", Data: []byte(`{"realm": "a b"}`)}}})
	if !strings.Contains(p.Message, "bad.json:1:") {
		t.Errorf("a wrong file: %s", p.Message)
	}
}

// TestExportIsImported: what one server writes another takes.
func TestExportIsImported(t *testing.T) {
	t.Parallel()
	from := apptest.Start(t, apptest.Options{})
	o := overSocket(t, from.Data)
	for _, name := range []string{"anna", "berta", "carla"} {
		addPerson(t, o, name)
	}
	masked := order[api.ExportFiles](t, o, http.MethodGet, at(api.AdminExport)+"?users=same_file", nil)
	if len(masked.Files) != 1 || strings.Contains(string(masked.Files[0].Data), "secretData") {
		t.Error("hashes without secrets=true")
	}
	var files []api.File
	next := ""
	for first := true; first || next != ""; first = false {
		out := order[api.ExportFiles](t, o, http.MethodGet, at(api.AdminExport)+"?users=different_files&secrets=true&limit=2&after="+next, nil)
		files, next = append(files, out.Files...), out.Next
	}
	if len(files) != 3 || files[0].Name != "platform-realm.json" || files[2].Name != "platform-users-1.json" {
		t.Fatalf("%d files", len(files))
	}
	to := offlineEmpty(t)
	order[api.ImportReport](t, to, http.MethodPost, api.AdminImport, api.ImportFiles{Files: files})
	page := order[api.Page[api.User]](t, to, http.MethodGet, at(api.AdminUsers), nil)
	if names := usernames(page); len(names) != 4 || !page.Items[0].HasPassword {
		t.Errorf("users %q", names)
	}
	if v := order[api.User](t, to, http.MethodGet, at(api.AdminUser, "berta"), nil); len(v.VideoManagers) != 3 {
		t.Errorf("memberships %v", v.VideoManagers)
	}
}

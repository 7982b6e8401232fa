package app_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// TestImportStreamIsStrict: a body that ends early, or holds what it should not,
// imports nothing, however good its beginning is.
func TestImportStreamIsStrict(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	o := overSocket(t, u.Data)
	good := `{"name": "r.json", "data": "` + base64.StdEncoding.EncodeToString([]byte(`{"realm": "streamed", "enabled": true}`)) + `"}`
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"ends behind a file":      {`{"files": [` + good, 400},
		"ends behind a comma":     {`{"files": [` + good + `,`, 400},
		"ends behind the list":    {`{"files": [` + good + `]`, 400},
		"ends in a file":          {`{"files": [` + good + `, {"name": "x", "da`, 400},
		"another member":          {`{"files": [` + good + `], "more": 1}`, 400},
		"another member of files": {`{"files": [` + good + `, {"name": "x", "mode": 1}]}`, 400},
		"something behind it":     {`{"files": [` + good + `]} {}`, 400},
		"no list":                 {`{"files": {}}`, 400},
		"an empty list":           {`{"files": []}`, 400},
		"not base64":              {`{"files": [{"name": "x", "data": "%"}]}`, 400},
		"too large a file":        {`{"files": [` + good + `, {"name": "x", "data": "` + strings.Repeat("AAAA", 23<<20) + `"}]}`, 413},
		"a fault behind it":       {`{"files": [` + good + `, {"name": "x", "data": "e30="}]}`, 422},
	} {
		t.Run(name, func(t *testing.T) { refusal(t, o, c.status, http.MethodPost, api.AdminImport, c.body) })
	}
	for _, r := range order[api.Page[api.Realm]](t, o, http.MethodGet, api.AdminRealms, nil).Items {
		if r.Name == "streamed" {
			t.Error("half an import was taken")
		}
	}
}

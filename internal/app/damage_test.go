package app_test

import (
	"database/sql"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// TestDamagedRowIsTold: a user's row that was changed outside Usher lets nobody
// in and is no "no"; log, metric and one event tell of it, however often it is
// met.
func TestDamagedRowIsTold(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{LogLevel: "info"})
	db, err := sql.Open("sqlite", filepath.Join(u.Data, "usher.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `update users set epoch = epoch + 1 where username = $1`, apptest.User); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		got := sendForm(u, url.Values{"client_id": {"anonymous"}, "grant_type": {"password"}, "username": {apptest.User}, "password": {apptest.Password}}, nil)
		if got.Code != http.StatusServiceUnavailable {
			t.Errorf("answered %d %s", got.Code, got.Body)
		}
	}
	if text := scrape(t, u); !strings.Contains(text, `usher_damaged_rows_total{table="users"} 1`) {
		t.Error("the metric does not tell of one row")
	}
	if n := strings.Count(u.Log(), `"a stored row is not what was written`); n != 1 {
		t.Errorf("logged %d times", n)
	}
	count := func() (n int) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), `select count(*) from event where type = 'ROW_DAMAGED'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for count() == 0 && t.Context().Err() == nil { // it is written beside the answers
	}
	if n := count(); n != 1 {
		t.Errorf("%d events", n)
	}
}

package examine_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/app/examine"
	"github.com/seed-a6a28e10/usher/internal/doctor"
)

// TestAProxyAloneIsNobody: where no server runs, and no realm is known to ask
// for, a proxy's own error is no answer of the public URL.
func TestAProxyAloneIsNobody(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	f.Start()
	o := options(stopped(t))
	o.MasterKey, o.KeyError, o.Config.PublicURL = nil, os.ErrNotExist, f.URL
	r := examine.Examine(t.Context(), o)
	for _, want := range []finding{{doctor.Failure, "address.reachable", "502 Bad Gateway"}, {doctor.Warning, "server.answers", "no server runs"}} {
		if !tells(r, want) {
			t.Errorf("%s %s is missing in %v", want.level, want.check, r)
		}
	}
}

// TestALongPathWhereNoServerRuns: the folder's socket could not be at its path,
// which is no fault of a server.
func TestALongPathWhereNoServerRuns(t *testing.T) {
	t.Parallel()
	long := filepath.Join(filepath.Dir(again(t, stopped(t))), strings.Repeat("deep", 30))
	if err := os.Rename(filepath.Join(filepath.Dir(long), "data"), long); err != nil {
		t.Fatal(err)
	}
	finds(t, examine.Examine(t.Context(), offline(long)), finding{doctor.Success, "store.opens", ""})
}

func tells(r doctor.Report, want finding) bool {
	for _, f := range r {
		if f.Level == want.level && f.Check == want.check && strings.Contains(f.Text, want.text) {
			return true
		}
	}
	return false
}

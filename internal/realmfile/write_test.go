package realmfile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// TestWrittenFilesReadTheSame: what is written of a full export's rows is read
// as the same rows, without a store between. Keys and plain passwords are the
// importer's, which has them in another form.
func TestWrittenFilesReadTheSame(t *testing.T) {
	t.Parallel()
	first := parse(t, string(fullExport(t)))
	w := realmfile.Writer{Realm: first.Realm, Clients: first.Clients, Secrets: true}
	for _, u := range first.Users {
		w.User(u.User)
	}
	text, err := w.RealmFile(first.VideoManagers, true)
	if err != nil {
		t.Fatal(err)
	}
	second := parse(t, string(text))
	for i := range first.Users {
		first.Users[i].Plain = nil
	}
	same := []cmp.Option{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(iam.Realm{}, "Kept"), cmpopts.IgnoreUnexported(realmfile.Draft{})}
	first.Keys, second.Keys = nil, nil
	if diff := cmp.Diff(first, second, same...); diff != "" {
		t.Error(diff)
	}
}

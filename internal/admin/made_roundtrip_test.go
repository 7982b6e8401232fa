package admin_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

// slow makes RSA keys too: a realm that signs with them keeps its keys.
type slow struct{ maker }

func (m slow) Generate(r *iam.Realm, alg string, at time.Time) (iam.Key, error) {
	return m.Maker.Generate(r.ID, alg, at)
}

// TestMadeRoundTrip: a realm and clients that an operator made, exported and
// imported again where they are, are unchanged; imported elsewhere they export
// to the same bytes. Realms that no file brought have no attributes stored.
func TestMadeRoundTrip(t *testing.T) {
	t.Parallel()
	s, n := service(t)
	im := s.Importer
	im.Merge, im.Keys = n.store, slow{im.Keys.(maker)}
	if _, err := s.AddRealm(t.Context(), me, "made"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddUser(t.Context(), me, "made", admin.NewUser{User: iam.User{Username: "anna", Enabled: true}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []iam.Client{
		{ClientID: "web", Enabled: true, Public: true, StandardFlow: true, RedirectURIs: []string{"https://web.example/*"}},
		{ClientID: "backend", Enabled: true, ServiceAccounts: true},
		{ClientID: "direct", Enabled: true, DirectAccessGrants: true},
		{ClientID: "api", Enabled: true, BearerOnly: true},
	} {
		if _, err := s.AddClient(t.Context(), me, "made", c); err != nil {
			t.Fatal(c.ClientID, err)
		}
	}
	first := exported(t, im, n.store, "made", admin.UsersSameFile, true)
	for _, data := range [][]byte{first, exported(t, im, n.store, "made", admin.UsersSameFile, false)} {
		for _, o := range []admin.ImportOptions{{}, {Overwrite: true, OverwritePasswords: true}} {
			out := merged(t, im, o, [2]string{"export", string(data)})
			for _, r := range out.Rows {
				if r.Imported+r.Changed > 0 {
					t.Errorf("overwrite %v: its own export brings %+v", o.Overwrite, r)
				}
			}
			for _, line := range out.Differences {
				t.Errorf("overwrite %v: %s", o.Overwrite, line)
			}
		}
	}
	other, otherDB := mergeImporter(t)
	other.Keys = im.Keys
	merged(t, other, admin.ImportOptions{}, [2]string{"export", string(first)})
	if diff := cmp.Diff(string(first), string(exported(t, other, otherDB, "made", admin.UsersSameFile, true))); diff != "" {
		t.Errorf("the second export differs:\n%s", diff)
	}
}

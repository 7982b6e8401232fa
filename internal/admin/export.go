package admin

import (
	"context"
	"slices"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// Where an export puts users, in Keycloak's words.
const (
	UsersSkip           = "skip"
	UsersSameFile       = "same_file"
	UsersDifferentFiles = "different_files" // told by ExportUsers
)

// ExportOptions say what an export holds beside the realm.
type ExportOptions struct {
	Users string
	// Secrets leaves client secrets, keys, hashes and seeds in clear; otherwise
	// they are masked as Keycloak's partial export masks them, and users come
	// without credentials.
	Secrets bool
}

// exportPage is how many users are read at a time.
const exportPage = 500

// exporter reads and opens the rows of one realm for its file.
type exporter struct {
	im   *Importer
	file realmfile.Writer
}

// exporter reads and opens everything of a realm but its users.
func (im *Importer) exporter(ctx context.Context, realmID string, secrets bool) (*exporter, error) {
	rows, err := im.Store.LoadConfig(ctx)
	if err == nil {
		err = rows.Whole()
	}
	if err != nil {
		return nil, err
	}
	x := &exporter{im: im, file: realmfile.Writer{Secrets: secrets}}
	for _, r := range rows.Realms {
		if r.ID == realmID {
			x.file.Realm = r
			x.file.Realm.Kept = im.openKept(r.Kept, r.ID, r.ID)
		}
	}
	if x.file.Realm.ID == "" {
		return nil, iam.ErrNotFound
	}
	for _, c := range rows.Clients {
		if c.RealmID == realmID {
			x.file.Clients = append(x.file.Clients, im.openClient(c))
		}
	}
	for _, k := range rows.Keys {
		if k.RealmID != realmID {
			continue
		}
		plain, err := im.Sealer.Open(k.Sealed, realmID, k.ID, iam.PurposeSigningKey)
		if err != nil {
			return nil, oauth.Refuse(oauth.Internal).Because(err)
		}
		x.file.Keys = append(x.file.Keys, realmfile.OpenKey{Key: k, Plain: plain})
	}
	slices.SortFunc(x.file.Keys, func(a, b realmfile.OpenKey) int { return strings.Compare(a.KID, b.KID) })
	return x, nil
}

// Export writes a realm in the form of Keycloak's own export, in one document.
func (s *Service) Export(ctx context.Context, c Caller, realm string, o ExportOptions) ([]byte, error) {
	x, err := s.exporter(ctx, c, realm, o.Secrets)
	if err != nil {
		return nil, err
	}
	return x.export(ctx, o.Users)
}

// export writes the whole document; users says where they are.
func (x *exporter) export(ctx context.Context, where string) ([]byte, error) {
	var names map[string]string // of users, by id
	if where != UsersSkip {
		names = map[string]string{}
		err := x.eachUser(ctx, "", func(u iam.User) bool {
			names[u.ID] = u.Username
			if where == UsersSameFile {
				x.file.User(u)
			}
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	managers, err := x.managers(ctx, names)
	if err != nil {
		return nil, err
	}
	return written(x.file.RealmFile(managers, where == UsersSameFile))
}

// ExportUsers writes a page of a realm's users, as one of the files beside the
// realm's in an export to a folder. after is the next of the page before; next
// is "" at the end.
func (s *Service) ExportUsers(ctx context.Context, c Caller, realm, after string, limit int, secrets bool) (data []byte, next string, err error) {
	x, err := s.exporter(ctx, c, realm, secrets)
	if err != nil {
		return nil, "", err
	}
	count, more := 0, false
	err = x.eachUser(ctx, after, func(u iam.User) bool {
		if more = count == limit; more {
			return false
		}
		count++
		x.file.User(u)
		next = u.ID
		return true
	})
	if err != nil {
		return nil, "", err
	}
	if !more {
		next = ""
	}
	data, err = written(x.file.UsersFile())
	return data, next, err
}

// exporter notes who takes secrets away before anything is handed out.
func (s *Service) exporter(ctx context.Context, c Caller, realm string, secrets bool) (*exporter, error) {
	cfg, err := s.realm(realm)
	if err != nil {
		return nil, err
	}
	x, err := s.Importer.exporter(ctx, cfg.Realm.ID, secrets)
	if err != nil || !secrets {
		return x, answer(err, "")
	}
	ev := s.event(c, cfg.Realm.ID, adminAction, "REALM", "partial-export")
	ev.Details["secrets"] = "true"
	return x, s.Record.RecordEvent(ctx, *ev)
}

// Recorder writes an event that comes with no change.
type Recorder interface {
	RecordEvent(ctx context.Context, ev iam.Event) error
}

// written is a file, or the trouble in writing it, which is ours.
func written(data []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, oauth.Refuse(oauth.Internal).Because(err)
	}
	return data, nil
}

// eachUser visits the realm's users by id, until visit says false.
func (x *exporter) eachUser(ctx context.Context, after string, visit func(iam.User) bool) error {
	for {
		page, err := x.im.Store.Users(ctx, x.file.Realm.ID, after, exportPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, u := range page {
			if !visit(x.im.openUser(u)) {
				return nil
			}
		}
		after = page[len(page)-1].ID
	}
}

// managers are the VideoManagers with the names of their members; members only
// where users are exported.
func (x *exporter) managers(ctx context.Context, names map[string]string) ([]vms.Membership, error) {
	list, err := x.im.Store.VideoManagers(ctx, x.file.Realm.ID)
	if err != nil {
		return nil, err
	}
	out := make([]vms.Membership, len(list))
	for i, m := range list {
		out[i].VideoManager = m.VideoManager
		if names == nil {
			continue
		}
		out[i].Members = []string{}
		for _, id := range m.Members {
			out[i].Members = append(out[i].Members, names[id])
		}
		slices.Sort(out[i].Members)
	}
	return out, nil
}

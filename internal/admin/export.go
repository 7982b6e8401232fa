package admin

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
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

// exporter turns the rows of one realm into Keycloak's JSON form. All is open.
type exporter struct {
	im      *Importer
	realm   iam.Realm
	clients []iam.Client
	keys    []openKey
	secrets bool
}

// openKey is a key with its secret half: PKCS#8 DER, or the bytes of an HMAC key.
type openKey struct {
	iam.Key
	plain []byte
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
	x := &exporter{im: im, secrets: secrets}
	for _, r := range rows.Realms {
		if r.ID == realmID {
			x.realm = r
			x.realm.Kept = im.openKept(r.Kept, r.ID, r.ID)
		}
	}
	if x.realm.ID == "" {
		return nil, iam.ErrNotFound
	}
	for _, c := range rows.Clients {
		if c.RealmID == realmID {
			x.clients = append(x.clients, im.openClient(c))
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
		x.keys = append(x.keys, openKey{k, plain})
	}
	slices.SortFunc(x.keys, func(a, b openKey) int { return strings.Compare(a.KID, b.KID) })
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
	doc, err := x.document()
	if err != nil {
		return nil, err
	}
	var names map[string]string // of users, by id
	if where != UsersSkip {
		users := []any{}
		names = map[string]string{}
		err := x.eachUser(ctx, "", func(u iam.User) bool {
			names[u.ID] = u.Username
			if where == UsersSameFile {
				users = append(users, x.user(u))
			}
			return true
		})
		if err != nil {
			return nil, err
		}
		if where == UsersSameFile {
			doc["users"] = users
		}
	}
	if err := x.managers(ctx, doc, names); err != nil {
		return nil, err
	}
	return x.write(doc)
}

// ExportUsers writes a page of a realm's users, as one of the files beside the
// realm's in an export to a folder. after is the next of the page before; next
// is "" at the end.
func (s *Service) ExportUsers(ctx context.Context, c Caller, realm, after string, limit int, secrets bool) (data []byte, next string, err error) {
	x, err := s.exporter(ctx, c, realm, secrets)
	if err != nil {
		return nil, "", err
	}
	users, more := []any{}, false
	err = x.eachUser(ctx, after, func(u iam.User) bool {
		if more = len(users) == limit; more {
			return false
		}
		users = append(users, x.user(u))
		next = u.ID
		return true
	})
	if err != nil {
		return nil, "", err
	}
	if !more {
		next = ""
	}
	data, err = x.write(map[string]any{"realm": x.realm.Name, "users": users})
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

func (x *exporter) write(doc map[string]any) ([]byte, error) {
	if !x.secrets {
		mask("", doc)
	}
	data, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, oauth.Refuse(oauth.Internal).Because(err)
	}
	return append(data, '\n'), nil
}

// eachUser visits the realm's users by id, until visit says false.
func (x *exporter) eachUser(ctx context.Context, after string, visit func(iam.User) bool) error {
	for {
		page, err := x.im.Store.Users(ctx, x.realm.ID, after, exportPage)
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

// managers writes the VideoManagers; members only where users are exported.
func (x *exporter) managers(ctx context.Context, doc map[string]any, names map[string]string) error {
	list, err := x.im.Store.VideoManagers(ctx, x.realm.ID)
	if err != nil {
		return err
	}
	out := []any{}
	for _, m := range list {
		one := x.manager(m)
		if names != nil {
			members := []string{}
			for _, id := range m.Members {
				members = append(members, names[id])
			}
			slices.Sort(members)
			one["members"] = members
		}
		out = append(out, one)
	}
	doc["videoManagers"] = out
	return nil
}

func (x *exporter) manager(m vms.Membership) map[string]any {
	v := m.VideoManager
	out := map[string]any{"id": v.ID, "name": v.Name, "uuid": v.UUID, "configuration": v.Configuration}
	addKept(out, x.realm.Kept[keptManager(v.ID)])
	return out
}

// addKept puts kept members beside those of a document that it lacks.
func addKept(doc map[string]any, raw json.RawMessage) {
	var kept map[string]json.RawMessage
	if json.Unmarshal(raw, &kept) != nil {
		return
	}
	for name, value := range kept {
		if _, ok := doc[name]; !ok {
			doc[name] = value
		}
	}
}

// topKept are the kept members of the realm itself.
func topKept(kept map[string]json.RawMessage) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for name, raw := range kept {
		if !ofObject(name) && !strings.HasPrefix(name, "keyComponents/") && !strings.HasPrefix(name, "scopeMappings/") &&
			name != "roles" && name != "defaultRole" && name != "components" {
			out[name] = raw
		}
	}
	return out
}

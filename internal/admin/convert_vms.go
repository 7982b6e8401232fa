package admin

import (
	"encoding/json"
	"regexp"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// uuidForm is what the API promises of a VideoManager's uuid.
var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// videoManagers reads the one member that is not Keycloak's. Its members are
// user names here and become ids when the users have theirs.
func videoManagers(o *object, d *Draft) {
	list := o.list("videoManagers")
	if !o.has("videoManagers") {
		return
	}
	d.VideoManagers = []vms.Membership{}
	names := map[string]bool{}
	for _, u := range d.Users {
		names[u.Username] = true
	}
	ids, uuids := map[int64]bool{}, map[string]bool{}
	for _, v := range list {
		m := vms.Membership{VideoManager: vms.VideoManager{
			ID: v.integer("id", 0, 1, 1<<53), Name: v.str("name", ""), UUID: identifier(v, "uuid"), Configuration: json.RawMessage("{}"),
		}}
		if c, ok := v.child("configuration"); ok {
			m.VideoManager.Configuration = v.raw(c.node)
		}
		switch {
		case !v.has("id"):
			v.fault("id", "a VideoManager needs a numeric id")
		case ids[m.VideoManager.ID]:
			v.fault("id", "this id is there twice")
		case m.VideoManager.Name == "":
			v.fault("name", "a VideoManager needs a name")
		case m.VideoManager.UUID != "" && !uuidForm.MatchString(m.VideoManager.UUID):
			v.fault("uuid", "must be a UUID such as 0b9b4cf2-5a0c-4f5e-9a3e-1d2f3a4b5c6d")
		case m.VideoManager.UUID != "" && uuids[m.VideoManager.UUID]:
			v.fault("uuid", "this uuid is there twice")
		}
		ids[m.VideoManager.ID], uuids[m.VideoManager.UUID] = true, true
		seen := map[string]bool{}
		for _, name := range v.texts("members") {
			name = iam.CanonicalName(name)
			switch {
			case !names[name]:
				v.fault("members", "there is no user "+name)
			case seen[name]:
				v.fault("members", "the user "+name+" is there twice")
			default:
				seen[name] = true
				m.Members = append(m.Members, name)
			}
		}
		if rest := v.rest(nil); len(rest) > 0 {
			d.Realm.Kept = keep(d.Realm.Kept, v.label, rest)
		}
		d.VideoManagers = append(d.VideoManagers, m)
	}
}

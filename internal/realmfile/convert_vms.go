package realmfile

import (
	"encoding/json"
	"regexp"

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
	ids, uuids := map[int64]bool{}, map[string]bool{}
	for _, v := range list {
		m := vms.Membership{VideoManager: videoManager(v), Members: v.texts("members")}
		d.memberAt = append(d.memberAt, v.faultAt("members"))
		switch {
		case ids[m.VideoManager.ID] && v.has("id"):
			v.fault("id", "this id is there twice")
		case m.VideoManager.UUID != "" && uuids[m.VideoManager.UUID]:
			v.fault("uuid", "this uuid is there twice")
		}
		ids[m.VideoManager.ID], uuids[m.VideoManager.UUID] = true, true
		if rest := v.rest(nil); len(rest) > 0 {
			d.Realm.Kept = keep(d.Realm.Kept, ManagerPlace(m.VideoManager.ID), rest)
		}
		d.VideoManagers = append(d.VideoManagers, m)
	}
}

// videoManager reads one of them, without its members.
func videoManager(v *object) vms.VideoManager {
	out := vms.VideoManager{
		ID: v.integer("id", 0, 1, 1<<53), Name: v.str("name", ""), UUID: identifier(v, "uuid"), Configuration: json.RawMessage("{}"),
	}
	if c, ok := v.child("configuration"); ok {
		out.Configuration = v.raw(c.node)
	}
	switch {
	case !v.has("id"):
		v.fault("id", "a VideoManager needs a numeric id")
	case out.Name == "":
		v.fault("name", "a VideoManager needs a name")
	case out.UUID != "" && !uuidForm.MatchString(out.UUID):
		v.fault("uuid", "must be a UUID such as 0b9b4cf2-5a0c-4f5e-9a3e-1d2f3a4b5c6d")
	}
	return out
}

package api

import (
	"net/url"
	"strings"
)

// The routes of the administration API, which a server answers on the Unix
// socket in its data folder. A name in braces is one path segment; AdminPath
// fills them. Every GET of a list takes ?limit= (1..1000, else 100) and ?after=
// (the Next of the page before), and answers a Page. Every refusal is a
// Problem: 400 malformed (unknown members are named), 404 unknown, 405 with
// Allow, 409 taken, 412 changed meanwhile (read and try again), 413 too large,
// 422 not acceptable, 503 storage trouble.
const (
	AdminStatus = "/status" // GET Status

	AdminRealms = "/realms"         // GET Page[Realm]; POST NewRealm: Realm
	AdminRealm  = "/realms/{realm}" // GET Realm

	AdminUsers        = "/realms/{realm}/users"                 // GET ?search= Page[User]; POST NewUser: User
	AdminUser         = "/realms/{realm}/users/{user}"          // {user}: name, address or id. GET User; DELETE
	AdminUserPassword = "/realms/{realm}/users/{user}/password" // POST NewPassword: Done
	AdminUserEnable   = "/realms/{realm}/users/{user}/enable"   // POST: Done
	AdminUserDisable  = "/realms/{realm}/users/{user}/disable"  // POST: Done
	AdminUserUnlock   = "/realms/{realm}/users/{user}/unlock"   // POST: Done

	AdminClients       = "/realms/{realm}/clients"                  // GET ?search= Page[Client]; POST NewClient: ClientSecret
	AdminClient        = "/realms/{realm}/clients/{client}"         // {client}: the clientId, else the id. GET Client
	AdminClientSecret  = "/realms/{realm}/clients/{client}/secret"  // POST: ClientSecret, the only time it is shown
	AdminClientEnable  = "/realms/{realm}/clients/{client}/enable"  // POST: Done
	AdminClientDisable = "/realms/{realm}/clients/{client}/disable" // POST: Done

	AdminSessions = "/realms/{realm}/sessions"           // GET ?user=&client= Page[Session]; DELETE ?user= (absent: all): Done
	AdminSession  = "/realms/{realm}/sessions/{session}" // DELETE: Done

	AdminNotBefore = "/realms/{realm}/not-before" // POST SetNotBefore: NotBefore

	AdminVideoManagers = "/realms/{realm}/vms"              // GET Page[ManagedVideoManager]; POST NewVideoManager: ManagedVideoManager
	AdminMembers       = "/realms/{realm}/vms/{id}/members" // {id}: a number. GET Page[Member]; POST ChangeMembers: MembersChanged

	AdminKeys       = "/realms/{realm}/keys"               // GET Page[Key]
	AdminKeysRotate = "/realms/{realm}/keys/rotate"        // POST RotateKeys: KeysChanged
	AdminKeyDisable = "/realms/{realm}/keys/{kid}/disable" // POST: KeysChanged

	// AdminEvents: GET ?realm=&user=&client=&type=&error=&error_id=&session=&from=&to=
	// (Unix ms), &newest=true for the newest first: Page[Event]. With &wait= (s, at
	// most 30) and no event to show, the answer waits for one; its Next is then
	// always set, so that a reader follows by asking again.
	AdminEvents           = "/events"
	AdminEventsVerify     = "/events/verify"     // GET, or POST VerifyEvents: EventsVerified
	AdminEventsCheckpoint = "/events/checkpoint" // GET: the newest signed checkpoint as a JSON object

	AdminImport = "/import" // POST ?dry_run=&overwrite=&overwrite_passwords= ImportFiles (each file at most 64 MiB): ImportReport
	// AdminExport: GET ?users=skip|same_file|different_files&secrets=: ExportFiles.
	// Without secrets=true secrets are masked and users have no credentials.
	// ?limit= is the number of users in a file of theirs, ?after= the Next of the
	// answer before.
	AdminExport          = "/realms/{realm}/export"
	AdminMasterKeyRotate = "/master-key/rotate" // POST RotateMasterKey: MasterKeyRotated
)

// AdminPath is a route with its braces filled by values, in order, escaped.
func AdminPath(route string, values ...string) string {
	var b strings.Builder
	for _, v := range values {
		open, shut := strings.IndexByte(route, '{'), strings.IndexByte(route, '}')
		if open < 0 || shut < open {
			break
		}
		b.WriteString(route[:open] + url.PathEscape(v))
		route = route[shut+1:]
	}
	return b.String() + route
}

// Page is one page of a list. Items is never null.
type Page[T any] struct {
	Items []T `json:"items"`
	// Next is the cursor of the page after this one; "" when there is none.
	Next string `json:"next,omitempty"`
}

// Done is the answer to an action.
type Done struct {
	// Changed is false when everything was as asked for already.
	Changed bool `json:"changed"`
	// Sessions is how many user sessions ended by it.
	Sessions int `json:"sessions,omitempty"`
}

// Status describes the Usher that answers.
type Status struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	PID      int    `json:"pid"`
	Data     string `json:"data"`   // the data folder
	Online   bool   `json:"online"` // false: the command opened the folder itself
	// PublicURL and StartedAt (Unix ms) are those of a running server.
	PublicURL     string `json:"public_url,omitempty"`
	StartedAt     int64  `json:"started_at,omitempty"`
	ConfigVersion int64  `json:"config_version"`
	Realms        int    `json:"realms"`
}

// Realm is a realm in a list.
type Realm struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"display_name,omitempty"`
	Enabled     bool   `json:"enabled"`
	Issuer      string `json:"issuer,omitempty"`     // "" where no server runs and no public URL is configured
	NotBefore   int64  `json:"not_before,omitempty"` // Unix s
	Users       int    `json:"users"`
	Clients     int    `json:"clients"`
	Sessions    int    `json:"sessions"`
}

// NewRealm asks for a realm as a fresh installation has it, without users.
type NewRealm struct {
	Name string `json:"name"`
}

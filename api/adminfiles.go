package api

// File is a file that travels inside a request or an answer.
type File struct {
	Name string `json:"name"`
	Data []byte `json:"data"` // base64 in JSON
}

// ImportFiles brings realm files: one of a Keycloak export, or all of a folder,
// the files of users behind their realm's. They are read one by one as they
// arrive, so that the body may be written as a stream.
type ImportFiles struct {
	Files []File `json:"files"`
}

// ImportReport says what an import did, or with dry_run would do.
type ImportReport struct {
	DryRun   bool        `json:"dry_run,omitempty"`
	Rows     []ImportRow `json:"rows"`
	Warnings []string    `json:"warnings,omitempty"`
	// Differences names what the files say differently from what is there and was
	// not changed, one line each.
	Differences []string `json:"differences,omitempty"`
	// Failed says, in one line each, what makes the whole a failure: a file with
	// users of which none was imported, for instance.
	Failed []string `json:"failed,omitempty"`
}

// ImportRow counts one kind of things of one realm.
type ImportRow struct {
	Realm    string   `json:"realm"`
	Kind     string   `json:"kind"` // realm, users, clients, roles, groups, client scopes, keys, VideoManagers
	InFile   int      `json:"in_file"`
	Imported int      `json:"imported"`
	Changed  int      `json:"changed"`
	Skipped  int      `json:"skipped"`
	Why      []string `json:"why,omitempty"` // of what was skipped
}

// Where an export puts users, in Keycloak's words.
const (
	UsersSkip           = "skip"
	UsersSameFile       = "same_file"
	UsersDifferentFiles = "different_files"
)

// ExportFiles is a realm as Keycloak writes one. Users in files of their own
// come file by file: Next, where it is set, is the after of the next request.
type ExportFiles struct {
	Files []File `json:"files"`
	Next  string `json:"next,omitempty"`
}

package adminapi

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// importFiles brings the files of a Keycloak export.
func (a *API) importFiles(ctx context.Context, r *web.Request) (web.Reply, error) {
	q, err := query(r, "dry_run", "overwrite", "overwrite_passwords")
	if err != nil {
		return web.Reply{}, err
	}
	var o admin.ImportOptions
	for name, into := range map[string]*bool{"dry_run": &o.DryRun, "overwrite": &o.Overwrite, "overwrite_passwords": &o.OverwritePasswords} {
		if *into, err = flag(q, name); err != nil {
			return web.Reply{}, err
		}
	}
	in, err := openStream(r)
	if err != nil {
		return web.Reply{}, err
	}
	res, err := a.Service.Import(ctx, a.Caller(ctx), in.next, o)
	failed := errors.Is(err, admin.ErrNoUsers)
	if err != nil && !failed {
		return web.Reply{}, err
	}
	out := report(res, o.DryRun)
	if failed {
		out.Failed = []string{err.Error()}
	}
	return web.Reply{Body: out}, nil
}

func report(res admin.ImportResult, dryRun bool) api.ImportReport {
	out := api.ImportReport{DryRun: dryRun, Rows: make([]api.ImportRow, len(res.Rows)), Warnings: res.Warnings, Differences: res.Differences}
	for i, row := range res.Rows {
		out.Rows[i] = api.ImportRow(row)
	}
	return out
}

// export writes a realm in the form of Keycloak's own export. Users in files of
// their own come one file an answer, the first one with the realm's.
func (a *API) export(ctx context.Context, r *web.Request) (web.Reply, error) {
	q, err := paging(r, "users", "secrets")
	if err != nil {
		return web.Reply{}, err
	}
	secrets, err := flag(q.Values, "secrets")
	if err != nil {
		return web.Reply{}, err
	}
	where := q.Get("users")
	switch where {
	case "":
		where = api.UsersSkip
	case api.UsersSkip, api.UsersSameFile, api.UsersDifferentFiles:
	default:
		return web.Reply{}, bad("The parameter users is skip, same_file or different_files")
	}
	realm := r.PathValue("realm")
	var out api.ExportFiles
	if q.after == "" || where != api.UsersDifferentFiles {
		data, err := a.Service.Export(ctx, a.Caller(ctx), realm, admin.ExportOptions{Users: where, Secrets: secrets})
		if err != nil {
			return web.Reply{}, err
		}
		out.Files = append(out.Files, api.File{Name: realm + "-realm.json", Data: data})
	}
	if where == api.UsersDifferentFiles {
		err = a.exportUsers(ctx, realm, q, secrets, &out)
	}
	return reply(out, err)
}

// exportUsers adds the next file of users. Its cursor is the number of the file
// and the id of the last user before it.
func (a *API) exportUsers(ctx context.Context, realm string, q asked, secrets bool, out *api.ExportFiles) error {
	number, after := 0, ""
	if q.after != "" {
		text, id, _ := strings.Cut(q.after, "/")
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return bad("The parameter after is not the next of an answer")
		}
		number, after = n, id
	}
	data, next, err := a.Service.ExportUsers(ctx, a.Caller(ctx), realm, after, q.limit, secrets)
	if err != nil {
		return err
	}
	out.Files = append(out.Files, api.File{Name: realm + "-users-" + strconv.Itoa(number) + ".json", Data: data})
	if next != "" {
		out.Next = strconv.Itoa(number+1) + "/" + next
	}
	return nil
}

package admin

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// Import brings files of a Keycloak export, as Importer.Import does, records it
// in every realm, and puts it in force. ErrNoUsers comes with the result.
func (s *Service) Import(ctx context.Context, c Caller, next FileSource, o ImportOptions) (ImportResult, error) {
	var realms []string
	res, err := s.Importer.Import(ctx, next, o, func(realmID string, rows []ImportRow) *iam.Event {
		realms = append(realms, realmID)
		ev := s.event(c, realmID, adminAction, "REALM", "import")
		for _, row := range rows {
			if n := row.Imported + row.Changed; n > 0 {
				ev.Details[row.Kind] = strconv.Itoa(n)
			}
		}
		return ev
	})
	var wrong realmfile.Faults
	if errors.As(err, &wrong) {
		lines := make([]string, len(wrong))
		for i, f := range wrong {
			lines[i] = f.Error()
		}
		return res, refused(strings.Join(lines, "; ")).WithHint("Correct the files, then import them again: nothing was imported.").Because(err)
	}
	s.Node.Apply(res.Revocations...)
	if len(realms) > 0 { // also after trouble in a later one
		s.reload(ctx)
		s.Node.Imported(realms...)
	}
	if errors.Is(err, ErrNoUsers) {
		return res, err
	}
	return res, answer(err, "A name or id of the files is taken by something else")
}

package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

var (
	// ErrForeign says that the file is a database, but not one of Usher's.
	ErrForeign = errors.New("not a database of Usher")
	// ErrNewer says that a newer release of Usher wrote the file.
	ErrNewer = errors.New("written by a newer release of Usher")
)

const (
	// applicationID marks the file in its header: "USHR".
	applicationID = 0x55534852
	// leastVersion is the first SQLite whose WAL cannot lose commits to a race
	// between a writer and a checkpoint.
	leastVersion = "3.51.3"
)

// migrate brings the schema up to date. Each migration sets user_version to
// its own number, so that an up-to-date file is known by two header fields.
func migrate(ctx context.Context, f *file, c *conn) error {
	latest, err := latestVersion()
	if err != nil {
		return err
	}
	present, err := schemaVersion(c)
	switch {
	case err != nil:
		return err
	case present == latest:
		return nil
	case present > latest:
		return fmt.Errorf("%w: schema %d, this release knows %d", ErrNewer, present, latest)
	}
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, f.pools[writing], dir, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating from schema %d to %d: %w", present, latest, err)
	}
	return nil
}

// latestVersion is the number of this release's last migration.
func latestVersion() (int, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	return len(names), err
}

// schemaVersion is the number of the last migration, 0 for an empty file.
func schemaVersion(c *conn) (version int, err error) {
	var id, tables int
	err = errors.Join(
		c.queryRow("pragma application_id").Scan(&id),
		c.queryRow("pragma user_version").Scan(&version),
		// The migrations' own table may be there from a start that was cut short.
		c.queryRow("select count(*) from sqlite_schema where tbl_name not in ('goose_db_version', 'sqlite_sequence')").Scan(&tables))
	switch {
	case err != nil:
		return 0, err
	case id == applicationID, id == 0 && version == 0 && tables == 0:
		return version, nil
	default:
		return 0, ErrForeign
	}
}

// checkVersion refuses an engine with known faults in what we rely on.
func checkVersion(_ context.Context, c *conn) error {
	var v string
	if err := c.queryRow("select sqlite_version()").Scan(&v); err != nil {
		return err
	}
	if older(v, leastVersion) {
		return fmt.Errorf("SQLite %s is too old: %s is the least that is safe", v, leastVersion)
	}
	return nil
}

func older(v, than string) bool {
	a, b := strings.Split(v, "."), strings.Split(than, ".")
	for i := range b {
		var x int
		if i < len(a) {
			x, _ = strconv.Atoi(a[i])
		}
		if y, _ := strconv.Atoi(b[i]); x != y {
			return x < y
		}
	}
	return false
}

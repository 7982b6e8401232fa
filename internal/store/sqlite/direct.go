package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// direct is a statement used below database/sql. That package's bookkeeping for
// each statement and each column (locks, closures, conversions by reflection)
// took as long as SQLite itself to find a token family and its four rows: see
// BenchmarkFamily.
type direct struct {
	stmt driver.Stmt
	row  []driver.Value // of the last first, used again
}

// with runs do with the prepared statement and the arguments.
func (c *conn) with(query string, args []any, do func(*direct, []driver.NamedValue) error) error {
	return c.c.Raw(func(driverConn any) error {
		d := c.direct[query]
		if d == nil {
			stmt, err := driverConn.(driver.Conn).Prepare(query)
			if err != nil {
				return err
			}
			d = &direct{stmt: stmt}
			c.direct[query] = d
		}
		named, err := c.named(args)
		if err != nil {
			return err
		}
		defer clear(named) // keeps nothing of a caller alive
		return do(d, named)
	})
}

// named makes the driver's form of arguments, in a slice that is used again.
func (c *conn) named(args []any) ([]driver.NamedValue, error) {
	out := c.args[:0]
	for i, a := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(a)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		out = append(out, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	c.args = out
	return out, nil
}

// exec runs a statement and tells how many rows it touched.
func (c *conn) exec(query string, args ...any) (n int64, err error) {
	err = c.with(query, args, func(d *direct, args []driver.NamedValue) error {
		result, err := d.stmt.(driver.StmtExecContext).ExecContext(context.Background(), args)
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	return n, err
}

// first returns the first row of a query, valid until the query runs again;
// sql.ErrNoRows when there is none.
func (c *conn) first(query string, args ...any) (row []driver.Value, err error) {
	err = c.with(query, args, func(d *direct, args []driver.NamedValue) error {
		rows, err := d.stmt.(driver.StmtQueryContext).QueryContext(context.Background(), args)
		if err != nil {
			return err
		}
		if d.row == nil {
			d.row = make([]driver.Value, len(rows.Columns()))
		}
		row = d.row
		err = rows.Next(row)
		if errors.Is(err, io.EOF) {
			err = sql.ErrNoRows
		}
		return errors.Join(err, rows.Close())
	})
	return row, err
}

// forget ends the direct statements.
func (c *conn) forget() {
	for query, d := range c.direct {
		_ = d.stmt.Close() // the connection ends anyway
		delete(c.direct, query)
	}
}

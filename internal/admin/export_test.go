package admin

import (
	"context"
	"encoding/json"
)

// ParseTree gives tests the limits of the reader alone.
func ParseTree(data []byte) error {
	_, err := parseTree(data)
	return err
}

// ReadTree is ParseTree with a limit of values.
func ReadTree(data []byte, limit int) error {
	_, err := readTree(data, limit)
	return err
}

// OpenKept lets tests look at what is kept.
func (im *Importer) OpenKept(kept map[string]json.RawMessage, realmID, id string) map[string]json.RawMessage {
	return im.openKept(kept, realmID, id)
}

// ExportOf writes a realm as Service.Export does.
func (im *Importer) ExportOf(ctx context.Context, realmID, users string, secrets bool) ([]byte, error) {
	x, err := im.exporter(ctx, realmID, secrets)
	if err != nil {
		return nil, err
	}
	return x.export(ctx, users)
}

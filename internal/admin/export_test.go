package admin

import (
	"context"
	"encoding/json"
)

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

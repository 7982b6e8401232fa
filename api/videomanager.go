package api

import "encoding/json"

// VideoManager is one element of the bare array that GET /v1/vms answers, and
// the body of GET /v1/vms/{id}.
type VideoManager struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	UUID string `json:"uuid"`
	// Configuration is a JSON object; {} when there is none.
	Configuration json.RawMessage `json:"configuration"`
}

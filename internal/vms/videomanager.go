package vms

import "encoding/json"

// VideoManager is a tenant of the video platform. Its JSON is the element of
// the array that GET /v1/vms answers (schema VideoManagerInfoDTO).
type VideoManager struct {
	ID            int64           `json:"id"`
	Name          string          `json:"name"`
	UUID          string          `json:"uuid"`
	Configuration json.RawMessage `json:"configuration"` // an object; {} when none
	RealmID       string          `json:"-"`
}

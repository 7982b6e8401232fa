package interop

import (
	"encoding/json"
	"testing"
)

// TestFirstRefreshTokenForGood runs the logic of a widespread client of the
// video API: it never stores the newer refresh tokens, so its first one must
// serve until its own end, and a password login follows then.
func TestFirstRefreshTokenForGood(t *testing.T) {
	t.Parallel()
	lab.brief.explain(t)
	task := lab.brief.task(library)
	task.Offsets = []int{0, 4, 8}
	raw := tell(t, nil, python("first_token_client.py"), task)
	var r struct {
		Calls []struct {
			TokenRequest string          `json:"token_request"`
			Status       int             `json:"status"`
			VMs          json.RawMessage `json:"vms"`
			SessionState string          `json:"session_state"`
		} `json:"calls"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatalf("no report: %v\n%s", err, short(raw))
	}
	want := []string{"password", "refresh_token", "password"}
	if len(r.Calls) != len(want) {
		t.Fatalf("%d calls: %s", len(r.Calls), raw)
	}
	for i, c := range r.Calls {
		if c.TokenRequest != want[i] || c.Status != 200 {
			t.Errorf("call %d: token request %q (want %q), status %d", i, c.TokenRequest, want[i], c.Status)
		}
		isViewersList(t, c.VMs)
	}
	if r.Calls[0].SessionState != r.Calls[1].SessionState || r.Calls[1].SessionState == r.Calls[2].SessionState {
		t.Errorf("the sessions of the three calls: %s", raw)
	}
}

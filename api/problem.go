package api

// ProblemType is the media type of a Problem (RFC 9457 §3).
const ProblemType = "application/problem+json"

// Problem is the body of every refusal of the video API (RFC 9457). Message
// repeats Detail: the API's older clients tell a failure by that member.
type Problem struct {
	Type     string `json:"type,omitempty"` // a documentation URL; "about:blank" when absent
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail,omitempty"`
	Instance string `json:"instance,omitempty"`
	Message  string `json:"message"`

	// Error is the OAuth error code, where there is one (RFC 6750 §3.1).
	Error string `json:"error,omitempty"`
	// ErrorHint is one imperative sentence: what to do about it.
	ErrorHint string `json:"error_hint,omitempty"`
	// ErrorID also stands in the server's log.
	ErrorID string `json:"error_id,omitempty"`
}

package oauth

import "fmt"

// Fault names one way in which a request is refused. Services return faults;
// status, error code and text stand in one table in package web.
type Fault string

const (
	NoRealm            Fault = "no_realm"
	RealmDisabled      Fault = "realm_disabled"
	HTTPSRequired      Fault = "https_required"
	MethodNotAllowed   Fault = "method_not_allowed"
	WrongMediaType     Fault = "wrong_media_type"
	NotFound           Fault = "not_found"
	BodyTooLarge       Fault = "body_too_large" // Arg: the limit where it is not the usual one
	BodyTimeout        Fault = "body_timeout"   // 408
	TooManyParameters  Fault = "too_many_parameters"
	BadForm            Fault = "bad_form"            // a bad percent escape; Arg: the field
	DuplicateParameter Fault = "duplicate_parameter" // Arg: the name
	ParameterTooLong   Fault = "parameter_too_long"  // Arg: the name

	NoGrantType         Fault = "no_grant_type"
	UnknownGrantType    Fault = "unknown_grant_type"
	ClientUnknown       Fault = "client_unknown" // unknown, disabled, or none named
	ClientBadSecret     Fault = "client_bad_secret"
	ClientConflict      Fault = "client_conflict" // Basic and body name two clients
	ClientWrongProtocol Fault = "client_wrong_protocol"
	ClientBearerOnly    Fault = "client_bearer_only"
	InvalidScope        Fault = "invalid_scope" // Arg: scope as sent

	DirectGrantOff   Fault = "direct_grant_off" // Arg: clientId
	ConsentRequired  Fault = "consent_required"
	NoUsername       Fault = "no_username"
	WrongCredentials Fault = "wrong_credentials" // unknown, wrong, locked: same bytes
	AccountDisabled  Fault = "account_disabled"
	AccountNotSetUp  Fault = "account_not_set_up"

	NoRefreshToken                Fault = "no_refresh_token"
	RefreshInvalid                Fault = "refresh_invalid"
	RefreshWrongIssuer            Fault = "refresh_wrong_issuer" // Arg: expected issuer
	RefreshStale                  Fault = "refresh_stale"
	RefreshExpired                Fault = "refresh_expired"
	RefreshWrongClient            Fault = "refresh_wrong_client"
	SessionNotActive              Fault = "session_not_active"
	UserDisabled                  Fault = "user_disabled"
	RefreshOlderThanSession       Fault = "refresh_older_than_session"
	ClientSessionMissing          Fault = "client_session_missing"
	ClientSessionNotActive        Fault = "client_session_not_active"
	RefreshOlderThanClientSession Fault = "refresh_older_than_client_session"
	RefreshReused                 Fault = "refresh_reused"
	ConsentWithdrawn              Fault = "consent_withdrawn" // the client requires consent by now
	RefreshTooOften               Fault = "refresh_too_often" // 429, the 64 of a window

	ServiceAccountPublic     Fault = "service_account_public"
	ServiceAccountOff        Fault = "service_account_off"
	ServiceAccountBearerOnly Fault = "service_account_bearer_only"
	ServiceAccountMissing    Fault = "service_account_missing"
	ServiceAccountDisabled   Fault = "service_account_disabled" // Arg: user name

	IntrospectNotAllowed Fault = "introspect_not_allowed"
	IntrospectNoAuth     Fault = "introspect_no_auth"
	IntrospectNoToken    Fault = "introspect_no_token"
	IntrospectTokenType  Fault = "introspect_token_type" // Arg: the hint
	RevokeNoToken        Fault = "revoke_no_token"
	RevokeInvalidToken   Fault = "revoke_invalid_token" // 200 with an error body
	RevokeTokenType      Fault = "revoke_token_type"
	RevokeOtherClient    Fault = "revoke_other_client"
	LogoutWrongClient    Fault = "logout_wrong_client"

	BearerMissing      Fault = "bearer_missing"        // no credentials: bare challenge
	BearerTwice        Fault = "bearer_twice"          // two transport methods
	BearerInvalid      Fault = "bearer_invalid"        // Arg: public description
	BearerScope        Fault = "bearer_scope"          // Arg: needed scope
	NoSuchVideoManager Fault = "no_such_video_manager" // 403: not yours or not there; Arg: id
	BadRequest         Fault = "bad_request"           // Arg: public description
	LegacyLoginRefused Fault = "legacy_login_refused"  // 401 JSON with message

	AdminUnknown  Fault = "admin_unknown"   // 404; Arg: what there is none of
	AdminTaken    Fault = "admin_taken"     // 409; Arg: what is taken
	AdminStale    Fault = "admin_stale"     // 412: changed by somebody else meanwhile
	AdminRefused  Fault = "admin_refused"   // 422; Arg: what is not acceptable, and why
	AdminNotYours Fault = "admin_not_yours" // 403: the peer is another user of the machine

	TooManyRequests Fault = "too_many_requests" // 429
	TooManyFailures Fault = "too_many_failures" // 429: an address with too many wrong passwords
	Busy            Fault = "busy"              // 503: admission, Retry-After
	Unavailable     Fault = "unavailable"       // 503: storage trouble
	Internal        Fault = "internal"          // 500
)

// Error is a refusal with a public and a private half. The public half is
// Fault, Arg and Hint; Cause goes to the log and the event only.
type Error struct {
	Fault Fault
	Arg   string // fills the text's placeholder; never a secret
	Hint  string // overrides the fault's standing error_hint
	// Status replaces the fault's own status when a realm's switch says so; 0 keeps it.
	Status int
	// RetryAfter in seconds, for 429 and 503.
	RetryAfter int
	// ID is the error_id already written to an event; web makes one when empty.
	ID    string
	Cause error
}

// Refuse makes an Error of a fault.
func Refuse(f Fault) *Error { return &Error{Fault: f} }

// RefuseArg makes an Error whose text names arg.
func RefuseArg(f Fault, arg string) *Error { return &Error{Fault: f, Arg: arg} }

// Because returns a copy of e with the private cause.
func (e *Error) Because(cause error) *Error { c := *e; c.Cause = cause; return &c }

// WithHint returns a copy of e with its own hint.
func (e *Error) WithHint(hint string) *Error { c := *e; c.Hint = hint; return &c }

// WithID returns a copy of e that carries the id of the event written for it.
func (e *Error) WithID(id string) *Error { c := *e; c.ID = id; return &c }

// WithStatus returns a copy of e that is answered with another status.
func (e *Error) WithStatus(status int) *Error { c := *e; c.Status = status; return &c }

func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %v", e.Fault, e.Cause)
	}
	return string(e.Fault)
}

func (e *Error) Unwrap() error { return e.Cause }

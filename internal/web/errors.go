package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// rule says how one fault is answered. "{arg}" in text and hint stands for the
// error's Arg; without an Arg, text is otherwise.
type rule struct {
	status int
	// code is a registered error code (RFC 6749 section 5.2, RFC 6750 section
	// 3.1 and extensions). It is empty for Keycloak's routing answers, whose
	// body has the text as its only member.
	code      string
	text      string
	otherwise string
	hint      string // the standing error_hint: one imperative sentence
}

// rules is the one table from fault to answer. Codes and texts are Keycloak's
// where clients match on them.
var rules = map[oauth.Fault]rule{
	oauth.NoRealm:            {404, "", "Realm does not exist", "", "Check the realm's name in the URL."},
	oauth.NotFound:           {404, "", "{arg}", "Unable to find matching target resource method", "Check the path of the URL."},
	oauth.MethodNotAllowed:   {405, "", "HTTP 405 Method Not Allowed", "", "Use one of the methods that the Allow header names."},
	oauth.RealmDisabled:      {403, "access_denied", "Realm not enabled", "", "Ask an operator to enable the realm."},
	oauth.HTTPSRequired:      {403, "invalid_request", "HTTPS required", "", "Use the https URL."},
	oauth.WrongMediaType:     {415, "invalid_request", "HTTP 415 Unsupported Media Type", "", "Send the body as application/x-www-form-urlencoded."},
	oauth.BodyTooLarge:       {413, "invalid_request", "Request body is larger than {arg}", "Request body is larger than 64 KiB", "Send only the parameters that the request needs."},
	oauth.BodyTimeout:        {408, "invalid_request", "Request body did not arrive in time", "", "Send the whole body at once, of the length that Content-Length says."},
	oauth.TooManyParameters:  {400, "invalid_request", "Request has more than 100 parameters", "", "Send only the parameters that the request needs."},
	oauth.BadForm:            {400, "invalid_request", "Malformed percent escape in parameter '{arg}'", "Malformed percent escape", "Write a percent sign in a value as %25, or use curl's --data-urlencode for the field."},
	oauth.DuplicateParameter: {400, "invalid_request", "duplicated parameter", "", "Send the parameter '{arg}' once."},
	oauth.ParameterTooLong:   {400, "invalid_request", "The size of OIDC parameter '{arg}' is longer than allowed.", "", "Shorten the parameter's value."},

	oauth.NoGrantType:         {400, "invalid_request", "Missing form parameter: grant_type", "", "Send grant_type=password, refresh_token or client_credentials in the form body."},
	oauth.UnknownGrantType:    {400, "unsupported_grant_type", "Unsupported grant_type", "", "Use one of the grant types that the realm's openid-configuration lists."},
	oauth.ClientUnknown:       {401, "invalid_client", badClient, "", "Send the client_id of an enabled client in the form body or in a Basic header."},
	oauth.ClientBadSecret:     {401, "unauthorized_client", badClient, "", "Send the client's secret as client_secret or in a Basic header, percent-encoded."},
	oauth.ClientConflict:      {400, "invalid_request", "Basic header and request body name different clients", "", "Name the client once, in the Basic header or in the form body."},
	oauth.ClientWrongProtocol: {400, "invalid_client", "Wrong client protocol.", "", "Use a client whose protocol is openid-connect."},
	oauth.ClientBearerOnly:    {400, "invalid_client", "Bearer-only not allowed", "", "Use a client that is not bearer-only."},
	oauth.InvalidScope:        {400, "invalid_scope", "Invalid scopes: {arg}", "Invalid scopes:", "Ask only for openid and the scopes assigned to the client, with single blanks between them."},

	oauth.DirectGrantOff:   {400, "unauthorized_client", "Client not allowed for direct access grants", "", "Turn on direct access grants for client '{arg}', or use a client that has them."},
	oauth.ConsentRequired:  {400, "invalid_client", "Client requires user consent", "", "Use a client that needs no consent for the password grant."},
	oauth.NoUsername:       {401, "invalid_request", "Missing parameter: username", "", "Send the field username."},
	oauth.WrongCredentials: {401, "invalid_grant", badUser, "", "Check user name and password; if the password has & + % or blanks, send it with curl's --data-urlencode."},
	oauth.AccountDisabled:  {400, "invalid_grant", "Account disabled", "", "Ask an operator to enable the account."},
	oauth.AccountNotSetUp:  {400, "invalid_grant", "Account is not fully set up", "", "Ask an operator which required action or second factor the account waits for."},

	oauth.NoRefreshToken:                {400, "invalid_request", "No refresh token", "", "Send the field refresh_token."},
	oauth.RefreshInvalid:                {400, "invalid_grant", "Invalid refresh token", "", "Send the refresh_token of an earlier answer unchanged, not an access or ID token; else log in again."},
	oauth.RefreshWrongIssuer:            {400, "invalid_grant", "Invalid token issuer. Expected '{arg}'", "Invalid token issuer.", "Refresh at the realm that issued the token."},
	oauth.RefreshStale:                  {400, "invalid_grant", "Stale token", "", "Log in again; tokens issued before the not-before time are refused."},
	oauth.RefreshExpired:                {400, "invalid_grant", "Token is not active", "", "Log in again, and refresh before refresh_expires_in seconds have passed."},
	oauth.RefreshWrongClient:            {400, "invalid_grant", "Invalid refresh token. Token client and authorized client don't match", "", "Refresh with the client_id that obtained the token."},
	oauth.SessionNotActive:              {400, "invalid_grant", "Session not active", "", "Log in again; the session ended by logout, idle time or its maximum."},
	oauth.UserDisabled:                  {400, "invalid_grant", "User disabled", "", "Ask an operator to enable the account."},
	oauth.RefreshOlderThanSession:       {400, "invalid_grant", "Refresh token issued before the user session started", "", "Log in again."},
	oauth.ClientSessionMissing:          {400, "invalid_grant", "Session doesn't have required client", "", "Log in again; the session was ended for this client."},
	oauth.ClientSessionNotActive:        {400, "invalid_grant", "Client session not active", "", "Log in again; the client's session is over."},
	oauth.RefreshOlderThanClientSession: {400, "invalid_grant", "refresh token issued before the client session started", "", "Log in again."},
	oauth.RefreshReused:                 {400, "invalid_grant", "Maximum allowed refresh token reuse exceeded", "", "Log in again, and from then on always store and use the newest refresh token."},
	oauth.ConsentWithdrawn:              {400, "invalid_scope", "Client no longer has requested consent from user", "", "Log in again and consent to what the client asks for."},
	oauth.RefreshTooOften:               {429, "temporarily_unavailable", "Refresh token used too often at once", "", "Refresh once and share the answer among all workers."},

	oauth.ServiceAccountPublic:     {401, "unauthorized_client", "Public client not allowed to retrieve service account", "", "Use a confidential client with a service account."},
	oauth.ServiceAccountOff:        {401, "unauthorized_client", "Client not enabled to retrieve service account", "", "Turn on service accounts for the client."},
	oauth.ServiceAccountBearerOnly: {401, "unauthorized_client", "Bearer-only client not allowed to retrieve service account", "", "Use a client that is not bearer-only."},
	oauth.ServiceAccountMissing:    {401, "invalid_request", "The associated service account for the client does not exist", "", "Ask an operator to turn service accounts off and on again for the client."},
	oauth.ServiceAccountDisabled:   {401, "invalid_request", "User '{arg}' disabled", "Service account disabled", "Ask an operator to enable the client's service account."},

	oauth.IntrospectNotAllowed: {403, "invalid_request", "Client not allowed.", "", "Introspect with a confidential client."},
	oauth.IntrospectNoAuth:     {401, "invalid_request", "Authentication failed.", "", "Send the id and secret of a confidential client."},
	oauth.IntrospectNoToken:    {400, "invalid_request", "Token not provided.", "", "Send the field token."},
	oauth.IntrospectTokenType:  {400, "invalid_request", "Unsupported token type [{arg}].", "", "Leave token_type_hint out, or send access_token or refresh_token."},
	oauth.RevokeNoToken:        {400, "invalid_request", "Token not provided", "", "Send the field token."},
	oauth.RevokeInvalidToken:   {200, "invalid_token", "Invalid token", "", "Forget the token; it was not usable any more."},
	oauth.RevokeTokenType:      {400, "unsupported_token_type", "Unsupported token type", "", "Revoke a refresh token or an access token."},
	oauth.RevokeOtherClient:    {400, "invalid_request", "Unmatching clients", "", "Revoke with the client_id that obtained the token."},
	oauth.LogoutWrongClient:    {400, "invalid_grant", "Invalid refresh token. Token client and authorized client don't match", "", "Log out with the client_id that obtained the token."},

	oauth.BearerMissing:      {401, "invalid_token", "No access token was sent", "", "Send the header Authorization: Bearer followed by the access token."},
	oauth.BearerTwice:        {400, "invalid_request", "More than one method used for including an access token", "", "Send the access token once, in the Authorization header."},
	oauth.BearerInvalid:      {401, "invalid_token", "{arg}", "Token verification failed", "Get a new access token by refreshing or logging in again."},
	oauth.BearerScope:        {403, "insufficient_scope", "Missing {arg} scope", "Missing scope", "Get a token with the scope '{arg}'."},
	oauth.NoSuchVideoManager: {403, "insufficient_scope", "No access to VideoManager {arg}", "No access to this VideoManager", "Use one of the VideoManagers that GET /v1/vms lists."},
	oauth.BadRequest:         {400, "invalid_request", "{arg}", "Bad request", "Correct the request as the description says."},
	oauth.LegacyLoginRefused: {401, "invalid_grant", "{arg}", badUser, "Check user name and password, or log in again."},

	oauth.AdminUnknown:  {404, "", "{arg}", "Not found", "Check the name; the list of the same kind shows what there is."},
	oauth.AdminTaken:    {409, "", "{arg}", "The name is taken", "Choose another name, or change what is there."},
	oauth.AdminStale:    {412, "", "It was changed by somebody else meanwhile", "", "Look at it again, then repeat the change."},
	oauth.AdminRefused:  {422, "", "{arg}", "Not acceptable", "Correct the value as the message says."},
	oauth.AdminNotYours: {403, "", "This server takes orders only from the user it runs as, and from root", "", "Run the command as the user of the server, for example with sudo -u."},

	oauth.TooManyRequests: {429, "temporarily_unavailable", "Too many requests", "", "Wait as many seconds as Retry-After says, then try again."},
	oauth.TooManyFailures: {429, "temporarily_unavailable", "Too many failed logins from this address", "", "Wait as many seconds as Retry-After says, then log in with the right password."},
	oauth.Busy:            {503, "temporarily_unavailable", "Too many logins are waiting", "", "Wait as many seconds as Retry-After says, then try again."},
	oauth.Unavailable:     {503, "temporarily_unavailable", "Service temporarily unavailable", "", "Wait as many seconds as Retry-After says, then try again."},
	oauth.Internal:        {500, "server_error", "Internal server error", "", "Tell an operator the error_id; the log has the cause under it."},
}

const (
	badClient = "Invalid client or Invalid client credentials"
	badUser   = "Invalid user credentials"
)

// refusal is an error ready for any dialect: the public half only.
type refusal struct {
	fault      oauth.Fault
	status     int
	code       string
	text       string // only bytes that an error_description may have
	full       string // text with all its letters, for people on this machine
	hint       string
	ownHint    bool // the error brought its hint with it
	arg        string
	uri        string
	id         string
	retryAfter int
}

// AsError turns whatever a handler returned into a fault: storage trouble and
// abandoned waits are Unavailable, what nobody foresaw is Internal.
func AsError(err error) *oauth.Error {
	var known *oauth.Error
	var busy iam.BusyError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &busy):
		fault := oauth.Busy
		if busy.Address {
			fault = oauth.TooManyFailures
		}
		return &oauth.Error{Fault: fault, RetryAfter: busy.RetryAfter, Cause: err}
	case errors.As(err, &large):
		return oauth.Refuse(oauth.BodyTooLarge).Because(err)
	case errors.Is(err, iam.ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return oauth.Refuse(oauth.Unavailable).Because(err)
	default:
		return oauth.Refuse(oauth.Internal).Because(err)
	}
}

// refusalOf looks e up in the table; id is the request's, used when no event
// gave e an id of its own.
func (k *Kit) refusalOf(e *oauth.Error, id string) refusal {
	rule, ok := rules[e.Fault]
	if !ok {
		rule = rules[oauth.Internal]
	}
	arg := Describable(e.Arg)
	text := rule.text
	if arg == "" && rule.otherwise != "" {
		text = rule.otherwise
	}
	f := refusal{
		fault: e.Fault, status: rule.status, code: rule.code, arg: arg,
		text: strings.ReplaceAll(text, "{arg}", arg), full: strings.ReplaceAll(text, "{arg}", full(e.Arg)),
		hint: strings.ReplaceAll(rule.hint, "{arg}", arg), id: e.ID, retryAfter: e.RetryAfter,
	}
	if e.Hint != "" {
		f.hint, f.ownHint = printable(e.Hint), true
	}
	if e.Status != 0 {
		f.status = e.Status
	}
	if f.id == "" {
		f.id = id
	}
	if f.retryAfter <= 0 && (f.status == http.StatusServiceUnavailable || f.status == http.StatusTooManyRequests) {
		f.retryAfter = 1
	}
	if k.ErrorDocs != "" && rule.code != "" {
		f.uri = k.ErrorDocs + string(e.Fault)
	}
	return f
}

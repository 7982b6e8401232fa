package iam

import "slices"

// The types of events. The names are Keycloak's, of its admin events with the
// operation behind ADMIN_; those of a group of their own are ours.
const (
	EventLogin            = "LOGIN"
	EventLoginError       = "LOGIN_ERROR"
	EventClientLogin      = "CLIENT_LOGIN"
	EventClientLoginError = "CLIENT_LOGIN_ERROR"
	EventRefreshError     = "REFRESH_TOKEN_ERROR"
	EventLogout           = "LOGOUT"
	EventLogoutError      = "LOGOUT_ERROR"
	EventRevoke           = "REVOKE_GRANT"
	EventRevokeError      = "REVOKE_GRANT_ERROR"
	EventIntrospectError  = "INTROSPECT_TOKEN_ERROR"

	EventAdminCreate = "ADMIN_CREATE"
	EventAdminUpdate = "ADMIN_UPDATE"
	EventAdminDelete = "ADMIN_DELETE"
	EventAdminAction = "ADMIN_ACTION"

	EventRecovered = "REFRESH_TOKEN_RECOVERED" // a lost answer was replaced
	EventReused    = "REFRESH_TOKEN_REUSED"    // a family was revoked
	EventAhead     = "REFRESH_TOKEN_AHEAD"     // commits were lost; the token was newer than its row

	EventRestored   = "RESTORED"    // a backup was put in force
	EventRowDamaged = "ROW_DAMAGED" // a stored row is not what was written: changed outside Usher, or lost by the disk
)

// EventTypes lists all of them, sorted.
func EventTypes() []string {
	types := []string{
		EventLogin, EventLoginError, EventClientLogin, EventClientLoginError, EventRefreshError, EventLogout, EventLogoutError,
		EventRevoke, EventRevokeError, EventIntrospectError,
		EventAdminCreate, EventAdminUpdate, EventAdminDelete, EventAdminAction,
		EventRecovered, EventReused, EventAhead, EventRestored, EventRowDamaged,
	}
	slices.Sort(types)
	return types
}

// Package adminapi answers the administration API: JSON over HTTP, for the
// operator's commands on this machine alone. Paths, bodies and answers are
// those of package api; what is decided is decided by admin.Service. It may
// import web, admin, iam, oauth, vms and api.
//
// Every handler is strict: a member or query parameter that it does not know,
// or that comes twice, is refused by name, so that no misspelt order is half
// obeyed and none carries more than it says.
package adminapi

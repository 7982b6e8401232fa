// Package realmfile is Keycloak's file form of a realm: it reads realm files and
// exports, naming the place of every mistake and all that is not used, and
// writes them.
//
// Bytes in, drafts and warnings out (Parse; Open for files of which users come
// in parts); rows in clear in, bytes out (Writer). All of it is pure: no store,
// no clock, no ids made, nothing hashed or sealed. What a file says and no row
// has room for is kept beside the rows, so that an export has it again. The
// package may import iam, nearest, secret (for what a hash may look like) and
// vms.
package realmfile

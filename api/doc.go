// Package api holds the wire types of Usher's own JSON APIs. Server and client
// share it, so a type here is a promise: members are added, never renamed or
// removed. It imports nothing of this module.
package api

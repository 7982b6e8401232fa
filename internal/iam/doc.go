// Package iam holds the nouns of identity and access, and their pure rules:
// realm, client, user, user session, client session, token family, signing
// key, event. It does no I/O, reads no clock, declares no interface and
// imports nothing of this module.
//
// Times in rows are Unix milliseconds and end in "At"; lifetimes are whole
// seconds, as in Keycloak's realm files; claims and not-before values are Unix
// seconds. Nouns refer to each other by id, never by pointer.
package iam

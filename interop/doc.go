// Package interop runs real, unchanged clients against the real binary: curl
// with the documentation's own lines, the OAuth libraries of Go, Node.js and
// Python, Debian's oidc-agent, and the habits of clients of the video API that
// cannot be installed here. It is a module of its own, so that none of its
// dependencies reaches a user of Usher, and it imports nothing of Usher: what
// it knows, it knows over the wire.
//
// TestMain builds the binary once (or takes the one named by INTEROP_BINARY) and
// starts the servers that all tests share: one with the documented lifetimes,
// and some whose tokens live for seconds, one of those with rotation on. A
// program gets its task as JSON on standard input, prints one JSON report, and
// the tests judge the report. A missing program is a failure, never a skip:
// scripts/setup brings all of them.
package interop

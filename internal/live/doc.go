// Package live is what a node holds in memory so that a call of the video API
// costs microseconds: the configuration snapshot, the revocation feed, the
// remembered access tokens and the cached memberships. Its invariants:
//
//   - A remembered token is judged again at every call: issuer, audience,
//     expiry, its key and client in the present snapshot, the feed.
//   - What this node wrote takes effect at once; what another node wrote within
//     a second, or the caller is made to wait for the store's answer.
//   - Storage trouble is never "no": it is oauth.Unavailable, and only after
//     the grace for remembered tokens is over.
//   - Everything here is bounded, and may be lost at any moment.
//
// It reads the store through functions handed in, takes the time from an
// injected clock, and may import iam, oauth, token and vms.
package live

package iam

import "net/netip"

// NeedsTLS says whether a client at the address must use https: Keycloak's
// sslRequired, of which "external" lets loopback and private addresses do
// without.
func (r *Realm) NeedsTLS(from netip.Addr) bool {
	switch r.SSLRequired {
	case "none":
		return false
	case "all":
		return true
	default:
		a := from.Unmap()
		return !a.IsLoopback() && !a.IsPrivate() && !a.IsLinkLocalUnicast()
	}
}

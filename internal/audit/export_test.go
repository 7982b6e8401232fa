package audit

import "crypto/ed25519"

// Private lets tests sign.
func (k Keys) Private() ed25519.PrivateKey { return k.sign }

package iam

// The built-in names.
const (
	DefaultRealm    = "platform"
	AnonymousClient = "anonymous"
	VideoAudience   = "video-api"
)

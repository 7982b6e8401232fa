// Package tokentest helps tests that handle tokens: a realm with keys, and
// Hostile, a corpus of forged, broken and confusing tokens made from a good
// one, which every place that takes a token must refuse. For tests only; it
// may import iam, keys and token.
package tokentest

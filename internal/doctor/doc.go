// Package doctor judges an installation: what was found out about its
// settings, files, clock, address, certificate, keys and realms goes in, lines
// that succeed, warn or fail come out, each with advice. It looks at nothing
// itself, so every judgement is a table test. It imports iam.
package doctor

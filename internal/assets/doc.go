// Package assets holds the files for operating Usher that the binary prints:
// dashboard, alert rules, units, container file. It imports nothing of this
// module.
package assets

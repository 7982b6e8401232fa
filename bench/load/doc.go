// Command load drives a running Usher and, in the same run, the bare limit of
// what it does, and prints both side by side. Slices of Usher and of the limit
// alternate, so that a noisy machine disturbs both alike; the figure to trust
// is the ratio. The last line is a summary; the exit code is 1 when a ratio or
// bound stated in docs/performance.md does not hold.
//
// It builds and starts its own server with `usher serve` and default settings,
// save the limit of API requests a minute, which is off.
package main

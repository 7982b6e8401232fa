// Command restart proves the graceful stop: two servers behind a proxy that
// honours readiness and never retries are restarted in turn under load, and no
// request may fail. It prints one summary line last and exits non-zero when a
// request failed.
package main

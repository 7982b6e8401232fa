// Command usher is the login service and the video API in one binary. It
// parses flags and files, and talks: data on standard output, everything else
// on standard error. What it does is package app.
package main

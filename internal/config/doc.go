// Package config is the configuration of `usher serve`: one typed struct,
// filled from defaults, a YAML file, the environment and flags (each wins over
// the one before), strictly, with every mistake named at once.
//
// Of this module it imports only nearest, and it reads no file, flag or environment
// itself: the command hands it bytes, values and a way to look at files.
package config

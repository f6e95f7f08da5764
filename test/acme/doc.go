// Package acme is a certificate authority for tests: Let's Encrypt's own Pebble, run in
// the process, with a DNS server that finds every name on this machine and a front
// that can turn rude. The tests beside it are those of certificates as phones see them.
//
// It will not be imported by the program: Pebble signs whatever it is asked for.
package acme

// Package watch knows what a device has: its last Ping, its sync keys and
// filters, read from its traffic as it streams by.
//
// It only listens. It never changes, delays or holds back a byte, what it cannot
// read it forgets, and it believes nothing that the server has not accepted. It
// knows no HTTP.
package watch

// Package watch knows what a device has: its last Ping, its sync keys and
// filters, its folders, read from its traffic as it streams by; and which folders
// it was told of and has not come for since. What is worth keeping of it across a
// restart is a [Snapshot].
//
// It only listens. It never changes, delays or holds back a byte, what it cannot
// read it forgets, and it believes nothing that the server has not accepted. It
// knows no HTTP, and writes to no disk.
package watch

// Package doctor finds out what kind of ActiveSync server it is talking to, and
// proves it: with two synthetic devices of one user it looks at OPTIONS, folders, the
// inbox, waits and questions about changes, and says which profile, way of holding and
// check fit.
//
// It leaves the mailbox as it was: what it sends to itself it deletes, and flags go
// back. It says what it will do before it does it. What stays are the names of its
// devices in the server's list.
//
// From outside it looks at the way that phones come: it holds waits, each of a device and
// on a connection of its own, and says whether something cuts them, on which side, and
// after how long.
//
// It will not try passwords, send one over a connection whose certificate is not good, or
// load a server unless it is told to, and then with 32 waits at most.
package doctor

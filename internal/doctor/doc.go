// Package doctor finds out what kind of ActiveSync server it is talking to, and
// proves it: with two synthetic devices of one user it looks at OPTIONS, folders, the
// inbox, waits and questions about changes, and says which profile, way of holding and
// check fit.
//
// It leaves the mailbox as it was: what it sends to itself it deletes, and flags go
// back. It says what it will do before it does it. What stays are the names of its
// devices in the server's list.
//
// It will not judge the way between phones and diastole, try passwords, or load a
// server unless it is told to, and then with 32 waits at most.
package doctor

// Package wake hears that a mailbox has changed, so that nobody has to ask its
// server again and again.
//
// A Source is one way to hear of it (internal/wake/dovecot, imap, jmap, dav); the Hub asks
// all of them and says whether what it was asked for is covered by any. It never says
// what has changed, and is never the only truth: a lost word costs time, not mail.
// It asks no server whether a change is real, and keeps no password.
package wake

// Package imap hears from an IMAP server that a mailbox has changed: by IDLE (RFC
// 2177) on the inbox where nobody waits on more, because Dovecot keeps such a
// connection for some kilobytes without a process, and by NOTIFY (RFC 5465) for
// all folders otherwise. All who wait on one mailbox with the same credentials
// share one connection, which carries the credentials of the request that waits,
// or a master user's.
//
// It is a client of its own, in some hundred lines, and not emersion/go-imap:
// version 2 (beta 8) has no NOTIFY command and throws away a STATUS response that
// no STATUS command has asked for, which is all that NOTIFY sends; it sets no limit
// to the length of a line, starts goroutines of its own for each connection and for each IDLE,
// and cannot be told to leave a hibernated IDLE alone for as long as the server lives. What
// is left for us to need of it, the login and eight commands, is less than what would wrap it.
//
// It never reads a message, never changes anything (EXAMINE, never SELECT), never
// says what has changed, keeps no password for longer than somebody waits, and sends
// none over a connection that is not encrypted unless that was asked for.
package imap

// Package imap hears from an IMAP server that a mailbox has changed: by IDLE (RFC
// 2177) on the inbox where nobody waits on more, because Dovecot keeps such a
// connection for some kilobytes without a process, and by NOTIFY (RFC 5465) for
// all folders otherwise. All who wait on one mailbox with the same credentials
// share one connection, which carries the credentials of the request that waits,
// or a master user's.
//
// It has a client of its own, in some hundred lines, and not emersion/go-imap: that
// one's version 2 (beta 8) has no NOTIFY command, and throws away a STATUS response
// for which no STATUS command is waiting, which is nearly all that NOTIFY sends; it
// sets no limit to the length of a line, reads without a deadline in IDLE, and takes
// two goroutines and 8 KiB of buffers for each connection that idles. What is left of
// it for us, a login and eight commands without arguments, is less than what would
// have to be wrapped around it.
//
// It never reads a message, never changes anything (EXAMINE, never SELECT), never
// says what has changed, keeps no password for longer than somebody waits, and sends
// none over a connection that is not encrypted unless that was asked for.
package imap

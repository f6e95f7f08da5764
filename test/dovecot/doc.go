// Package dovecot runs a real Dovecot 2.3 of Debian's packages for tests: IMAP with
// IDLE, NOTIFY and hibernation, delivery by LMTP, a master user, and the
// notifications that deploy/dovecot sets up.
//
// Everything lies in a directory of its own and listens on 127.0.0.1 only, on ports
// of its own, so that many can run side by side. It needs root, because the daemons
// run under their own users; Need says what is missing. It knows nothing of
// ActiveSync, and is no example of a mail server: what it is asked to do at once
// a real one does safely.
package dovecot

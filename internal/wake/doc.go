// Package wake hears that a mailbox has changed, so that nobody has to ask its
// server again and again. It never says what has changed, and is never the only
// truth: a lost word costs time, not mail.
package wake

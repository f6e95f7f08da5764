// Package dav hears of changes in calendars and address books by looking: what a
// groupware server offers over WebDAV has a getctag (caldav-ctag, CalendarServer's
// extension of RFC 4918), a word that changes with everything in a collection. On SOGo
// it is what a phone's sync key is compared with, and asking for all of a user's takes
// two requests of some 5 ms, where asking as the phone takes a worker for 5 s.
//
// Each user for whom somebody waits on more than mail is looked at every minute or so,
// with the credentials of the waiting request. What was seen is kept for a while after
// nobody waits any more, as one hash and without the password: who comes back is told
// only what has happened since.
//
// What it will not do: read an appointment or a contact, say what has changed, follow
// the server to another address, try credentials again and again that were refused.
package dav

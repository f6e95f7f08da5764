// Package dovecot hears of changes from Dovecot's push-notification plugin: from the
// Lua driver with the script in deploy/dovecot (all changes in all folders), or from
// the stock OX driver (mail delivered to the inbox).
//
//	POST /lua  Authorization: Bearer TOKEN  {"user":U,"events":[{"event":E,"folder":F},...]}
//	PUT  /ox   Authorization: Basic         {"user":U,"event":"messageNew","folder":F,...}
//
// A delivery waits for the answer, so it is given in far less than a millisecond. Of
// what the OX driver sends besides (sender, subject, the first words) nothing is
// kept, and most not even read. It asks Dovecot nothing and knows no password.
package dovecot

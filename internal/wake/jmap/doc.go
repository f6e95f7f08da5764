// Package jmap hears of changes from a mail store that speaks JMAP (RFC 8620, RFC
// 8621): over one EventSource connection for each user whose phones wait, or, where
// the server can reach us, by push subscriptions, which cost no connection.
//
// It logs in with the credentials of the waiting request and keeps them for as long
// as somebody waits, in memory. What the server says is only ever compared with what
// it said before: a state that is not the known one is a change. What it sends is
// bounded, whatever the server thinks of that.
//
// What it will not do: read mail, follow the server to another host, take a word for
// the truth (a wake is only ever a reason to look), try again and again with
// credentials that were refused, keep anything on disk.
package jmap

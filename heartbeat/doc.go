// Package heartbeat knows how a device and its server agree on how long to be
// silent: so far, what a wait that has ended tells about it.
//
// It is pure: it takes numbers and gives a judgement, does no I/O, keeps no
// clock and writes no log. It knows neither HTTP nor WBXML; whoever saw the
// answer says in plain numbers what it was.
package heartbeat

// Package heartbeat follows the heartbeat negotiation of devices. It is pure: no
// I/O, no clock, no log; the time is an argument.
//
// In this version it knows how a wait can end (Outcome, Classify).
package heartbeat

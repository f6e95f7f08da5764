// Package heartbeat knows how a device and its server agree on how long to be
// silent, and what the way between them survives.
//
//   - Classify gives every wait that is over its one outcome.
//   - Tracker follows each device: what it asks, how that ended, which Ladder it
//     climbs and where it stands. From the ends of waits it draws Evidence.
//   - Networks keeps, for each network, what that evidence makes believe about the
//     longest silence that survives there, and gives Advice. So the first phones
//     behind a carrier pay for the knowledge and the next five hundred do not.
//   - Crowd reckons what the devices that were seen would do on another path, each
//     on its own Ladder.
//
// It is pure: it takes numbers and gives a judgement, does no I/O, keeps no
// clock (now is an argument) and writes no log. It knows neither HTTP nor WBXML;
// whoever saw the answer says in plain numbers what it was. It clamps nothing:
// that is the policy's decision, which knows what the operator allows.
//
// Tracker and Networks may be used by any number of goroutines. Both are bounded:
// the device or network that was not heard of for longest is forgotten.
package heartbeat

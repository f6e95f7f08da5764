// Package shield decides who may ask the server now and who has to wait: a device with
// a password that the server has refused again and again ([Passwords]), and whoever asks
// more often than it may ([Rates]).
//
//	a := passwords.Ask(now, device, credential)
//	if a.Verdict == shield.Pass { ... passwords.Refused(now, device, credential) or Accepted }
//
// It is pure: `now` is an argument, nothing waits, nothing is logged. It knows no HTTP and
// no name: who asks is an [ID], a keyed digest that its caller makes, so that nothing in
// its tables can be turned back into a password, and every entry has the same size.
//
// Its tables are bounded. At the limit the one that asked longest ago is forgotten: it
// begins anew, which lets through too much and never too little.
package shield

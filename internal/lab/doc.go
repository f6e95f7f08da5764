// Package lab is a world to play in: an ActiveSync server in memory, phones that behave like real ones, a firewall
// that forgets idle connections, and a recorder that sees HTTP byte for byte.
//
//	server := lab.NewServer(lab.ServerConfig{Users: map[string]string{"anna": "secret"}})
//	url, _ := server.Listen(nil)
//	defer server.Close()
//	phone := lab.NewPhone(lab.PhoneConfig{URL: url, User: "anna", Password: "secret", Ladder: lab.AOSP()})
//	go phone.Run(ctx)
//	server.Deliver("anna", "", lab.Mail{Subject: "wakes the phone at once"})
//	server.Inject(lab.Fault{Match: lab.On("Ping"), Times: 1, Kind: lab.FaultReset, After: time.Minute})
//
// The same mailboxes can be asked over JMAP (Server.JMAP), for states and their changes only.
//
// Demo, tests and benchmarks use it. It is no mock of the proxy: it reads WBXML with wbxml and queries with
// wbxml/eas, but what a request means and what the answer is, it decides by the specifications (MS-ASCMD, MS-ASHTTP,
// MS-ASPROV, MS-NLMP) and by what was measured of real servers and clients; each decision names its source.
//
// Everything waits with timers and channels only, so with a Pipe for a network a whole world runs inside a
// testing/synctest bubble, where an hour of heartbeats takes a millisecond. Every table that a client can grow has a
// limit.
//
// What it will not do: keep anything on disk, speak HTTP/2, talk to the world outside.
package lab

// Package e2e proves the program from outside: the real binary, built with the
// race detector, in front of a real ActiveSync server (SOGo behind nginx, from
// Debian packages), spoken to over TLS as phones do.
//
// Each test compares what comes through diastole with what the server says to
// the same request without it, wherever both can be asked: the server is the
// measure, not our reading of the specification.
//
// It holds tests only, needs root and the packages of test/testbed/sogo, and
// does nothing with -short. It does not test what SOGo cannot show (statuses 3
// to 8 at will, provisioning, NTLM): internal/lab serves those.
package e2e

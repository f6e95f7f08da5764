// Package bench measures diastole beside nginx, HAProxy and Caddy from Debian,
// each set up as its users would, in one run:
//
//	make bench                       # CPU per request and memory per relayed wait
//	BENCH_WAITS=8000 BENCH_ROUNDS=5 make bench
//
// Absolute figures depend on the machine; a ratio between peers of the same run
// holds. Rounds go round all peers in turn, and medians are compared.
package bench

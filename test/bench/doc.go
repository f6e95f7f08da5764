// Package bench measures diastole beside nginx, HAProxy, Caddy and Pushpin from
// Debian, each set up as its users would, in one run:
//
//	make bench                                         # three rounds of 8,000 waits
//	make bench BENCH_ROUNDS=1 BENCH_WAITS=500 BENCH_OUT=/tmp/b.md  # a quick look
//
// Settings, from the environment:
//
//	BENCH_ROUNDS    3       rounds; each visits every proxy once, medians are compared
//	BENCH_WAITS     8000    waits held at once
//	BENCH_REQUESTS  20000   small requests for the CPU of one
//	BENCH_CYCLES    8000    wait cycles for the CPU of one
//	BENCH_SETTLE    45s     rest between the last wait and the reading of memory
//	BENCH_PEERS     (all)   names, separated by commas
//	BENCH_BINARY    (built) the diastole to measure, for example an older one
//	BENCH_OUT       ../../docs/benchmarks.md
//
// Four processes take part: this one, which starts the others and reads what
// the proxy used; the proxy; the mail server; the phones. The last two are this
// same binary again, each with its own limit of descriptors (20,000 is enough).
//
// It does not judge: no figure fails the run. Absolute figures are the
// machine's, a ratio between proxies of the same run holds.
package bench

package main

import (
	"io"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const many = 5000

// Scenario 18. Five thousand phones that all ask again in the same second would be a
// storm for whatever takes over, so the answers are spread; and one that is cut
// instead of answered makes a phone believe that its interval was too long.
func TestSIGTERMAnswersACrowdSpreadOverTheWindow(t *testing.T) {
	const drain = 8 * time.Second
	server := newHolder(t)
	p := startWithFiles(t, configFile(t, server.url(), "drain: "+drain.String()+"\n"))
	// Bytes that nobody has read make the kernel reset a connection that is closed, and
	// a reset may overtake the answer (RFC 9112 9.6).
	eager := func(i int) bool { return i%10 == 0 }
	phones := newCrowd(t, p.address("edge"), many, eager)
	server.await(t, many)
	answers := phones.farewells()

	begin := time.Now()
	p.signal(unix.SIGTERM)
	var quarters [4]int
	for range phones {
		f := <-answers
		if f.code != 200 || f.body != pingStatus1 {
			t.Fatalf("a held Ping after %v: %v", f.at.Sub(begin), f.reply)
		}
		if f.end != io.EOF {
			t.Fatalf("after its answer the connection of a phone ended with: %v", f.end)
		}
		quarter := int(4 * f.at.Sub(begin) / window(drain))
		quarters[min(quarter, 3)]++ // a little late is in the window's spirit: see window
	}
	took := time.Since(begin)
	p.exit(0)
	p.await(1, "", "drained")
	t.Logf("answers in the four quarters of %v: %v, the last after %v", window(drain), quarters, took)
	for i, n := range quarters {
		if n < many/10 {
			t.Errorf("%d of %d answers came in quarter %d of the window: %v", n, many, i+1, quarters)
		}
	}
	if took > drain {
		t.Errorf("the last answer came after %v, and %v were given", took, drain)
	}
}

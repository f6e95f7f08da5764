package upstream

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// wireForm is what r writes, the order of its fields aside: they come from a map.
func wireForm(t *rapid.T, r *Request) string {
	var b bytes.Buffer
	if _, err := r.write(&b); err != nil {
		t.Fatal(err)
	}
	head, body, ok := strings.Cut(b.String(), "\r\n\r\n")
	if !ok {
		t.Fatalf("no end of the head in %q", b.String())
	}
	lines := strings.Split(head, "\r\n")
	slices.Sort(lines[2:])
	return strings.Join(lines, "\n") + "\n\n" + body
}

// anyRequest draws a request whose body is in memory, in either framing.
func anyRequest(t *rapid.T) *Request {
	r := &Request{
		Method: rapid.SampledFrom([]string{"GET", "HEAD", "POST", "OPTIONS", "RPC_IN_DATA"}).Draw(t, "method"),
		Target: "/" + rapid.StringMatching(`[a-zA-Z0-9?&=%.-]{0,80}`).Draw(t, "target"),
		Host:   rapid.StringMatching(`[a-z.]{0,20}`).Draw(t, "host"),
		Header: http.Header{},
		Bytes:  rapid.SliceOfN(rapid.Byte(), 0, 40<<10).Draw(t, "body"),

		Chunked:    rapid.Bool().Draw(t, "chunked"),
		Repeatable: rapid.Bool().Draw(t, "repeatable"),
	}
	for range rapid.IntRange(0, 5).Draw(t, "fields") {
		name := rapid.StringMatching(`X-[A-Za-z]{1,8}`).Draw(t, "name")
		r.Header[name] = append(r.Header[name], rapid.StringMatching(`[ -~]{0,30}`).Draw(t, "value"))
	}
	if !r.Chunked {
		r.Header["Content-Length"] = []string{strconv.Itoa(len(r.Bytes))}
	} else if rapid.Bool().Draw(t, "trailer") {
		r.Trailer = http.Header{"X-Sum": {rapid.StringMatching(`[a-z]{0,8}`).Draw(t, "sum")}}
	}
	return r
}

func TestPackedRequestIsTheSameOnTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRequest(t)
		method, repeatable, want := r.Method, r.Repeatable, wireForm(t, r)
		for range 2 { // the second Pack does nothing
			if err := r.Pack(); err != nil {
				t.Fatal(err)
			}
		}
		if got := wireForm(t, r); got != want {
			t.Fatalf("packed\n%q\nas it was\n%q", got, want)
		}
		if r.Method != method || r.Repeatable != repeatable || r.Header != nil || r.Bytes != nil || r.Target != "" {
			t.Fatalf("left over: %+v", r)
		}
		if cap(r.packed) > len(r.packed)*5/4+64 {
			t.Fatalf("%d bytes in %d", len(r.packed), cap(r.packed))
		}
	})
}

func TestPackRefusesWhatDoWouldRefuse(t *testing.T) {
	for name, spoil := range map[string]func(r *Request){
		"method":      func(r *Request) { r.Method = "G ET" },
		"target":      func(r *Request) { r.Target = "/a HTTP/1.1\r\nX: y" },
		"no target":   func(r *Request) { r.Target = "" },
		"field name":  func(r *Request) { r.Header["A:"] = []string{"b"} },
		"field value": func(r *Request) { r.Header["A"] = []string{"b\r\nC: d"} },
		"length":      func(r *Request) { r.Header["Content-Length"] = []string{"9"} },
		"trailer": func(r *Request) {
			delete(r.Header, "Content-Length")
			r.Chunked, r.Trailer = true, http.Header{"A": {"b\n"}}
		},
	} {
		s := serve(t, func(p *peer) { p.rest() })
		r := post("ping")
		spoil(r)
		_, want := s.client(Config{}).Do(context.Background(), r)
		err := r.Pack()
		if e := new(Error); !errors.As(err, &e) || want == nil || err.Error() != want.Error() {
			t.Errorf("%s: Pack %v, Do %v", name, err, want)
		}
		if r.packed != nil || string(r.Bytes) != "ping" {
			t.Errorf("%s: changed by a Pack that failed", name)
		}
	}
}

func TestStreamCannotBePacked(t *testing.T) {
	_, r := newUpload()
	if err := r.Pack(); err == nil || r.Stream == nil {
		t.Errorf("%v", err)
	}
}

func TestPackedRequestIsAnsweredAsAnyOther(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		s := serve(t, keepAnswering("HTTP/1.1 102 Processing\n\n"+ok))
		c := s.client(Config{})
		interims := 0
		for range 3 {
			r := post("ping")
			r.Interim = func(int, []Field) { interims++ }
			if err := r.Pack(); err != nil {
				t.Fatal(err)
			}
			if _, body := must(t, c, r); body != "ok" {
				t.Errorf("%q", body)
			}
			if body := answered(t, start(t, context.Background(), c, r)); body != "ok" {
				t.Errorf("started: %q", body)
			}
		}
		if interims != 6 {
			t.Errorf("%d interim answers of 6 passed on", interims)
		}
	})
}

// The length in the answer to a HEAD is of a body that does not come.
func TestPackedHeadHasNoBody(t *testing.T) {
	s := serve(t, keepAnswering("HTTP/1.1 200 OK\nContent-Length: 9\n\n"))
	r := get()
	r.Method = "HEAD"
	if err := r.Pack(); err != nil {
		t.Fatal(err)
	}
	c := s.client(Config{})
	if _, body := must(t, c, r); body != "" || c.Idle() != 1 {
		t.Errorf("%q", body)
	}
}

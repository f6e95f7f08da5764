package edge

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"
	"unsafe"

	"go.uber.org/zap"
)

// slimPair is a TLS connection over TCP; server is its end.
func slimPair(t *testing.T) (client, server *tls.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialled := make(chan *tls.Conn, 1)
	go func() {
		c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Error(err)
		}
		dialled <- c
	}()
	raw, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	own, err := selfSigned(time.Now(), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	server = tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{*own}})
	if err := server.Handshake(); err != nil {
		t.Fatal(err)
	}
	client = <-dialled
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func buffersKept(c *tls.Conn) (bytesKept int) {
	for _, offset := range tlsBuffers {
		bytesKept += (*bytes.Buffer)(unsafe.Add(unsafe.Pointer(c), offset)).Cap()
	}
	return bytesKept
}

func TestASlimConnectionKeepsNoBuffersAndGoesOn(t *testing.T) {
	if len(tlsBuffers) != 2 {
		t.Fatalf("%d of crypto/tls's two read buffers are found: this version of Go keeps them elsewhere, see slim.go", len(tlsBuffers))
	}
	client, server := slimPair(t)
	for round := range 3 {
		if before := buffersKept(server); before < 512 {
			t.Errorf("round %d: %d bytes are kept, too few for a buffer of crypto/tls", round, before)
		}
		slim(server)
		if left := buffersKept(server); left != 0 {
			t.Errorf("round %d: %d bytes are still kept", round, left)
		}
		said := bytes.Repeat([]byte{byte('a' + round)}, 20_000)
		go client.Write(said)
		heard := make([]byte, len(said))
		if _, err := io.ReadFull(server, heard); err != nil || !bytes.Equal(heard, said) {
			t.Fatalf("round %d: %v", round, err)
		}
	}
}

// What has been read ahead is not thrown away.
func TestSlimLeavesWhatIsNotReadYet(t *testing.T) {
	client, server := slimPair(t)
	go func() {
		for range 4 {
			client.Write([]byte("one record"))
		}
	}()
	heard := make([]byte, 10)
	for range 4 {
		if _, err := io.ReadFull(server, heard); err != nil || string(heard) != "one record" {
			t.Fatalf("%q, %v", heard, err)
		}
		slim(server)
	}
}

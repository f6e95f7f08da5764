package edge

import (
	"bytes"
	"crypto/tls"
	"reflect"
	"unsafe"
)

// crypto/tls keeps the buffers into which it has read the client's hello and the last
// request for as long as the connection lives: 3.4 KiB of the 9 that a parked wait
// costs in all. They are empty then, and it makes new ones when there is something to
// read. There is no way to ask it for that, so it is done from outside; where a
// version of Go keeps its buffers elsewhere nothing is done (and a test fails).
var tlsBuffers = bufferOffsets("hand", "rawInput")

func bufferOffsets(names ...string) (offsets []uintptr) {
	for _, name := range names {
		f, ok := reflect.TypeFor[tls.Conn]().FieldByName(name)
		if ok && f.Type == reflect.TypeFor[bytes.Buffer]() {
			offsets = append(offsets, f.Offset)
		}
	}
	return offsets
}

// slim lets a connection's empty read buffers go. Nothing may be reading it.
func slim(c *tls.Conn) {
	for _, offset := range tlsBuffers {
		buffer := (*bytes.Buffer)(unsafe.Add(unsafe.Pointer(c), offset))
		if buffer.Len() == 0 {
			*buffer = bytes.Buffer{}
		}
	}
}

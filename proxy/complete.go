package proxy

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/wbxml/eas"
)

// complete is an answer that is all here.
type complete struct {
	code    int
	fields  []upstream.Field // Content-Length among them; no hop-by-hop fields
	body    []byte
	closing bool // the connection ends with it
}

const wbxmlType = "application/vnd.ms-sync.wbxml"

var (
	status1 = eas.PingResponse{Status: eas.PingExpired}.Append(nil)
	quiet   = ownDocument(status1)
	// An empty Sync answer means the same (MS-ASCMD 2.2.1.21.2; waiting Syncs are
	// 12.1 and later, where it is allowed).
	syncQuiet = ours(http.StatusOK, nil, upstream.Field{Name: "Content-Length", Value: "0"})
)

// nothingNew is the answer of a server whose interval is over.
func (a *ask) nothingNew() complete {
	if a.kind == kindSync {
		return syncQuiet
	}
	return quiet
}

// ownDocument is a short answer of our own. The length is explicit: older devices take
// a chunked answer for an empty one.
func ownDocument(body []byte) complete {
	return ours(http.StatusOK, body, upstream.Field{Name: "Content-Type", Value: wbxmlType},
		upstream.Field{Name: "Content-Length", Value: strconv.Itoa(len(body))})
}

func ours(code int, body []byte, fields ...upstream.Field) complete {
	return complete{code: code, fields: fields, body: body}
}

// later503 is the only 5xx of our own for ActiveSync. Several 500s make iOS throw a
// mailbox away and load it again; a 503 with Retry-After makes it wait (protocol:
// MS-ASHTTP 2.2.2.1.1). The spread keeps all phones from coming back in the same
// second.
func later503() complete {
	return ours(http.StatusServiceUnavailable, nil, upstream.Field{Name: "Retry-After", Value: strconv.Itoa(20 + rand.IntN(40))},
		upstream.Field{Name: "Content-Length", Value: "0"})
}

// withLength makes sure that fields have a Content-Length.
func withLength(fields []upstream.Field, length int) []upstream.Field {
	for _, f := range fields {
		if f.Name == "Content-Length" {
			return fields
		}
	}
	return append(fields, upstream.Field{Name: "Content-Length", Value: strconv.Itoa(length)})
}

// writeTo gives the answer through an http.Server.
func (a complete) writeTo(w http.ResponseWriter) {
	h := w.Header()
	h["Content-Type"] = nil // nothing is sniffed
	if a.has("Date") {
		h["Date"] = nil
	}
	for _, f := range a.fields {
		h[f.Name] = append(h[f.Name], f.Value)
	}
	if a.closing {
		h.Set("Connection", "close")
	}
	w.WriteHeader(a.code)
	_, _ = w.Write(a.body)
}

// appendTo writes the answer as it goes on an HTTP/1.1 connection.
func (a complete) appendTo(b []byte) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(a.code), 10)
	b = append(append(append(b, ' '), http.StatusText(a.code)...), "\r\n"...)
	for _, f := range a.fields {
		b = append(append(append(append(b, f.Name...), ": "...), f.Value...), "\r\n"...)
	}
	if !a.has("Date") { // RFC 9110 6.6.1
		b = append(time.Now().UTC().AppendFormat(append(b, "Date: "...), http.TimeFormat), "\r\n"...)
	}
	if a.closing {
		b = append(b, "Connection: close\r\n"...)
	}
	return append(append(b, "\r\n"...), a.body...)
}

func (a complete) has(name string) bool {
	for _, f := range a.fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

package proxy

import (
	"maps"
	"net/http"
	"net/textproto"
	"strings"
)

// headOnly are fields that frame, route or authenticate a message. RFC 9110 6.5.1
// forbids them in a trailer, because some receivers add a trailer to the head: an
// Authorization that comes so would authenticate a connection behind our back.
var headOnly = map[string]bool{
	"Content-Length": true, "Host": true, "Authorization": true, "Cookie": true, "Set-Cookie": true,
	"Www-Authenticate": true, "Expect": true, "Content-Encoding": true, "Content-Type": true, "Forwarded": true,
}

// mayTrail says whether a field is passed on in a trailer.
func mayTrail(name string) bool {
	name = textproto.CanonicalMIMEHeaderKey(name)
	return !headOnly[name] && !hopByHop[name] && !disguised(name) && !vouches(name) && !strings.HasPrefix(name, "X-Forwarded-")
}

// clean takes from a trailer what must not be in it. net/http fills the trailer
// when it has read the body, also with fields that were not announced.
func clean(trailer http.Header) http.Header {
	maps.DeleteFunc(trailer, func(name string, _ []string) bool { return !mayTrail(name) })
	return trailer
}

package lab

import (
	"encoding/json"
	"net/http"
	"strings"
)

// jmapCall is one method call or response: [name, arguments, id] (RFC 8620 3.2).
type jmapCall struct {
	name string
	args json.RawMessage
	id   string
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *jmapCall) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&c.name, &c.args, &c.id})
}

// jmapArgs are the arguments that one of the methods takes.
type jmapArgs struct {
	AccountID string                    `json:"accountId"`
	IDs       *[]string                 `json:"ids"`
	Create    map[string]jmapPush       `json:"create"`
	Update    map[string]map[string]any `json:"update"`
	Destroy   []string                  `json:"destroy"`
}

// api runs method calls (RFC 8620 3.3, 3.4). A client that asks for 16 and more gets them all; nothing here is dear.
func (j *JMAP) api(w http.ResponseWriter, r *http.Request, b *mailbox) {
	var asked struct {
		Using       []string   `json:"using"`
		MethodCalls []jmapCall `json:"methodCalls"`
	}
	if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&asked) != nil {
		writeJSON(w, http.StatusBadRequest, map[string]any{"type": "urn:ietf:params:jmap:error:notRequest", "status": 400})
		return
	}
	var said [][]any
	for _, call := range asked.MethodCalls {
		name, args := j.method(b, call)
		said = append(said, []any{name, args, call.id})
	}
	writeJSON(w, http.StatusOK, map[string]any{"methodResponses": said, "sessionState": "1"})
}

// method runs one call.
func (j *JMAP) method(b *mailbox, call jmapCall) (name string, answer map[string]any) {
	var args jmapArgs
	if json.Unmarshal(call.args, &args) != nil {
		return jmapError("invalidArguments")
	}
	kind, verb, _ := strings.Cut(call.name, "/")
	switch {
	case kind == "PushSubscription" && j.cfg.Push != nil && verb == "set":
		return call.name, j.setSubscriptions(b, args)
	case kind == "PushSubscription" && j.cfg.Push != nil && verb == "get":
		return call.name, j.getSubscriptions(b, args)
	case verb != "get" || kind == "EmailDelivery" || j.states(b)[kind] == "":
		return jmapError("unknownMethod")
	case args.AccountID != b.user:
		return jmapError("accountNotFound")
	case args.IDs == nil || len(*args.IDs) > 0: // only the state is to be had
		return jmapError("requestTooLarge")
	}
	return call.name, map[string]any{"accountId": b.user, "state": j.states(b)[kind], "list": []any{}, "notFound": []any{}}
}

func jmapError(kind string) (string, map[string]any) { return "error", map[string]any{"type": kind} }

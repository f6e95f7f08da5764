package lab

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// jmapStream is one EventSource connection (RFC 8620 7.3).
type jmapStream struct {
	box   *mailbox
	types []string // nil: all
	ping  time.Duration
	cut   chan struct{}
	told  map[string]string // type -> state

	mu   sync.Mutex
	w    http.ResponseWriter // nil when the request is over
	hang bool
}

func (j *JMAP) events(w http.ResponseWriter, r *http.Request, b *mailbox) {
	if j.cfg.Off {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	q := r.URL.Query()
	seconds, err := strconv.Atoi(q.Get("ping"))
	if err != nil || seconds < 0 || q.Get("types") == "" || q.Get("closeafter") != "no" && q.Get("closeafter") != "state" {
		writeJSON(w, http.StatusBadRequest, map[string]any{"type": "about:blank", "status": 400})
		return
	}
	st := &jmapStream{box: b, w: w, ping: time.Duration(seconds) * time.Second, cut: make(chan struct{})}
	if st.ping > 0 {
		st.ping = max(st.ping, j.cfg.MinPing)
	}
	if q.Get("types") != "*" {
		st.types = strings.Split(q.Get("types"), ",")
	}
	j.add(st)
	defer j.remove(st)
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	http.NewResponseController(w).Flush()
	j.stream(st, r, q.Get("closeafter") == "state")
}

// stream sends changes and pings until the client leaves.
func (j *JMAP) stream(st *jmapStream, r *http.Request, once bool) {
	changed, stop := j.listen(st.box)
	defer stop()
	if last := r.Header.Get("Last-Event-ID"); last == "" {
		st.told = j.states(st.box)
	} else if sent := j.send(st, last); sent && once { // what came since that event, which is no history here: all states are told, the client compares
		return
	}
	var beat <-chan time.Time
	if st.ping > 0 {
		ticker := time.NewTicker(st.ping)
		defer ticker.Stop()
		beat = ticker.C
	}
	for {
		select {
		case <-changed:
			if j.send(st, "") && once {
				return
			}
		case <-beat:
			st.write(fmt.Sprintf("event: ping\ndata: {\"interval\": %d}\n\n", int(st.ping.Seconds())))
		case <-st.cut:
			panic(http.ErrAbortHandler)
		case <-r.Context().Done():
			return
		case <-j.server.life.done:
			return
		}
	}
}

// send tells what moved since the client was told last, unless last says that it knows.
func (j *JMAP) send(st *jmapStream, last string) (sent bool) {
	now := j.states(st.box)
	id := stateID(now)
	if st.told == nil && last == id {
		st.told = now
		return false
	}
	moved := map[string]string{}
	for name, state := range now {
		if st.told[name] != state && (st.types == nil || slices.Contains(st.types, name)) {
			moved[name] = state
		}
	}
	st.told = now
	if len(moved) == 0 || j.isDeaf() {
		return false
	}
	data, _ := json.Marshal(stateChange(st.box.user, moved))
	st.write(fmt.Sprintf("event: state\nid: %s\ndata: %s\n\n", id, data))
	return true
}

// stateID names a set of states, so that a client that comes back with it can be told whether it missed something.
func stateID(states map[string]string) string {
	var parts []string
	for name, state := range states {
		parts = append(parts, name+state)
	}
	slices.Sort(parts)
	return strings.Join(parts, ".")
}

func stateChange(account string, moved map[string]string) map[string]any {
	return map[string]any{"@type": "StateChange", "changed": map[string]any{account: moved}}
}

func (st *jmapStream) write(text string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.hang || st.w == nil {
		return
	}
	fmt.Fprint(st.w, text)
	http.NewResponseController(st.w).Flush()
}

func (j *JMAP) add(st *jmapStream) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.streams[st] = struct{}{}
}

func (j *JMAP) remove(st *jmapStream) {
	st.mu.Lock()
	st.w = nil
	st.mu.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.streams, st)
}

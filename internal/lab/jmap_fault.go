package lab

import "fmt"

// Streams is how many EventSource connections are open.
func (j *JMAP) Streams() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.streams)
}

// Cut breaks every EventSource connection.
func (j *JMAP) Cut() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for st := range j.streams {
		close(st.cut)
		delete(j.streams, st)
	}
}

// Hang leaves every EventSource connection open and silent for good, as a firewall does that forgot it.
func (j *JMAP) Hang() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for st := range j.streams {
		st.mu.Lock()
		st.hang = true
		st.mu.Unlock()
	}
}

// Say puts text on every EventSource connection as it is.
func (j *JMAP) Say(format string, args ...any) {
	j.mu.Lock()
	open := make([]*jmapStream, 0, len(j.streams))
	for st := range j.streams {
		open = append(open, st)
	}
	j.mu.Unlock()
	for _, st := range open {
		st.write(fmt.Sprintf(format, args...))
	}
}

// Lose makes changes go untold, by streams and subscriptions, until it is called with false. The states move.
func (j *JMAP) Lose(lose bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.deaf = lose
}

func (j *JMAP) isDeaf() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.deaf
}

// Forget drops every push subscription, as a server does that kept them in memory and was started anew.
func (j *JMAP) Forget() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for id, sub := range j.subs {
		sub.stop()
		delete(j.subs, id)
	}
}

// Subscriptions is how many push subscriptions stand now, and how many were ever made.
func (j *JMAP) Subscriptions() (now, made int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.subs), j.made
}

package hold

import (
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A modelled is a parked connection and what a model knows of it.
type modelled struct {
	*parked
	unread            int
	finished, aborted bool // by the far end
	watched, readable bool // by a Watch whose sign has not come
}

// due is the sign that must come now.
func (m *modelled) due() Sign {
	switch {
	case !m.watched:
		return 0
	case m.aborted:
		return Reset
	case m.finished:
		return Left
	case m.readable && m.unread > 0:
		return Readable
	}
	return 0
}

// moves are what happens to a connection, to be drawn from. Each that can have a
// sign waits for it or finds that there is none.
var moves = []func(t *testing.T, lot *Lot, m *modelled){
	func(t *testing.T, _ *Lot, m *modelled) { m.watched, m.readable = true, true; m.watch(t, true) },
	func(t *testing.T, _ *Lot, m *modelled) { m.watched, m.readable = true, false; m.watch(t, false) },
	func(t *testing.T, _ *Lot, m *modelled) {
		if !m.finished && !m.aborted {
			m.unread++
			m.send(t, "x")
		}
	},
	func(t *testing.T, _ *Lot, m *modelled) {
		if m.aborted || m.unread == 0 { // whoever reads a reset socket takes its error
			return
		}
		if _, err := io.ReadFull(m.near, make([]byte, m.unread)); err != nil {
			t.Fatal(err)
		}
		m.unread = 0
	},
	func(t *testing.T, _ *Lot, m *modelled) {
		if !m.finished && !m.aborted {
			m.finished = true
			m.fin(t)
		}
	},
	func(t *testing.T, _ *Lot, m *modelled) {
		if !m.aborted {
			m.aborted = true
			m.rst(t)
		}
	},
	func(t *testing.T, lot *Lot, m *modelled) {
		m.spot.Leave()
		m.watched, m.signs = false, make(chan Sign, 8)
		m.in(t, lot)
	},
}

// TestThousandsOfSpotsGiveTheSignsOfAModel draws what happens to 5,000 connections
// from several goroutines. A connection that has ended is closed, with or without a
// Leave before, and another one takes its descriptor.
func TestThousandsOfSpotsGiveTheSignsOfAModel(t *testing.T) {
	const drivers, steps = 4, 6
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	lot := openLot(t)
	for driver := range uint64(drivers) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			drive(t, lot, spots(t)/drivers, steps, rand.New(rand.NewPCG(seed, driver)))
		})
	}
}

// spots are 5,000, or as many as the descriptor limit has room for.
func spots(t *testing.T) int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return int(min(5000, limit.Cur/3))
}

func drive(t *testing.T, lot *Lot, spots, steps int, random *rand.Rand) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	mine := make([]*modelled, spots)
	for i := range mine {
		mine[i] = &modelled{parked: connect(t, l)}
		mine[i].in(t, lot)
	}
	var gone []*modelled
	for range steps * spots {
		i := random.IntN(spots)
		m := mine[i]
		if m.aborted && random.IntN(2) == 0 {
			gone = append(gone, m)
			mine[i] = &modelled{parked: instead(t, l, m, random.IntN(2) == 0)}
			mine[i].in(t, lot)
			continue
		}
		moves[random.IntN(len(moves))](t, lot, m)
		if sign := m.due(); sign != 0 {
			m.want(t, sign)
			m.watched = false
		}
	}
	fence(t, lot)
	for _, m := range append(gone, mine...) {
		if len(m.signs) > 0 {
			t.Errorf("sign %v that nobody watched for: %+v", <-m.signs, m)
		}
		m.spot.Leave()
		m.close()
	}
}

// instead gives a new connection where m was.
func instead(t testing.TB, l *net.TCPListener, m *modelled, leave bool) *parked {
	if leave {
		m.spot.Leave()
	}
	m.close()
	return connect(t, l)
}

package hold

import (
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	home = netip.MustParseAddr("192.0.2.1")
	away = netip.MustParseAddr("198.51.100.1")
	dawn = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
)

type register = Register[string, int, int]

func claim(password, question byte) Claim {
	return Claim{Address: home, Credentials: Digest{password}, Question: Digest{question}, Accepted: true}
}

func TestOnlyTheSameQuestionWithTheSameCredentialsIsInherited(t *testing.T) {
	roamed, unknown, stranger := claim(1, 1), claim(1, 1), claim(2, 1)
	roamed.Address, unknown.Question = away, Digest{}
	for name, row := range map[string]struct {
		next      Claim
		inherits  bool
		displaced []int
		silent    []int
		cancelled []int
	}{
		"the same":            {claim(1, 1), true, []int{1}, nil, nil},
		"from elsewhere":      {roamed, true, nil, []int{1}, nil},
		"another question":    {claim(1, 2), false, []int{1}, nil, []int{10}},
		"an unknown question": {unknown, false, []int{1}, nil, []int{10}},
		"another password":    {stranger, false, nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var g register
			g.Join(dawn, "d", claim(1, 1), 1, 10)
			v := g.Join(dawn.Add(time.Minute), "d", row.next, 2, 20)
			if v.Fresh == row.inherits || v.Up != map[bool]int{true: 10, false: 20}[row.inherits] {
				t.Errorf("up %d, fresh %v", v.Up, v.Fresh)
			}
			if !slices.Equal(v.Displaced, row.displaced) || !slices.Equal(v.Silent, row.silent) || !slices.Equal(v.Cancelled, row.cancelled) {
				t.Errorf("displaced %v, silent %v, cancelled %v", v.Displaced, v.Silent, v.Cancelled)
			}
		})
	}
}

func TestCredentialsThatNobodyHasAcceptedDisplaceNobodyForTenSeconds(t *testing.T) {
	first := claim(1, 1)
	first.Accepted = false
	other := claim(1, 2)
	other.Accepted = false
	var g register
	g.Join(dawn, "d", first, 1, 10)
	g.Asked(dawn, "d", 10)
	v := g.Join(dawn.Add(time.Second), "d", other, 2, 20)
	if !v.Fresh || len(v.Displaced)+len(v.Cancelled) > 0 || v.Settles.IsZero() {
		t.Fatalf("at once: %+v", v)
	}
	if v := g.Join(dawn.Add(time.Second), "d", other, 3, 30); !v.Settles.IsZero() {
		t.Errorf("a second timer is wanted: %+v", v)
	}
	if v := g.Settle(dawn.Add(9*time.Second), "d"); len(v.Displaced) > 0 {
		t.Errorf("after 9 s: %+v", v)
	}
	if v := g.Settle(dawn.Add(10*time.Second), "d"); !slices.Equal(v.Displaced, []int{1}) || !slices.Equal(v.Cancelled, []int{10}) {
		t.Errorf("after 10 s: %+v", v)
	}
}

func TestAnAnsweredCommandTellsWhoseCredentialsAreGood(t *testing.T) {
	var g register
	g.Join(dawn, "d", claim(1, 1), 1, 10)
	v := g.Answered(dawn.Add(time.Minute), "d", Command{Credentials: Digest{2}, Since: dawn.Add(time.Minute)})
	if !slices.Equal(v.Displaced, []int{1}) || !slices.Equal(v.Cancelled, []int{10}) {
		t.Errorf("another password was accepted: %+v", v)
	}
	g.Join(dawn, "d", claim(2, 1), 2, 20)
	if v := g.Answered(dawn, "d", Command{Credentials: Digest{2}}); len(v.Displaced) > 0 {
		t.Errorf("a FolderSync: %+v", v)
	}
	if v := g.Join(dawn, "d", claim(2, 1), 3, 30); !v.Fresh || !slices.Equal(v.Cancelled, []int{20}) {
		t.Errorf("the same wait after a FolderSync: %+v", v)
	}
	if v := g.Answered(dawn, "d", Command{Credentials: Digest{2}, Syncs: true}); !slices.Equal(v.Displaced, []int{3}) {
		t.Errorf("a Sync: %+v", v)
	}
	if devices, ups := g.Len(); devices+ups != 0 {
		t.Errorf("%d devices, %d waits are left", devices, ups)
	}
}

func TestTwoThatComeBackThreeTimesAreLeftAlone(t *testing.T) {
	var g register
	now := dawn
	g.Join(now, "d", claim(1, 0), 0, 0)
	for i := 1; i <= 5; i++ {
		now = now.Add(time.Second)
		c := claim(1, byte(i%2))
		c.Returned = i > 1
		v := g.Join(now, "d", c, i, i)
		if quarrel := len(v.Displaced) > 0; quarrel != (i < 4) {
			t.Errorf("wait %d displaced %v", i, v.Displaced)
		}
	}
	if _, ups := g.Len(); ups != 3 {
		t.Errorf("%d waits at the server, want each its own from the third return on", ups)
	}
}

// books is what a test knows of one device.
type books struct {
	*rapid.T
	register register
	waits    map[int]Claim // that are held
	ups      map[int]Claim // at the server
	last     int
}

func (b *books) leaves(list []int) {
	for _, w := range list {
		if _, held := b.waits[w]; !held {
			b.Fatalf("wait %d leaves, and is not there", w)
		}
		delete(b.waits, w)
	}
}

func (b *books) act(v Verdict[int, int]) {
	b.leaves(v.Displaced)
	for _, u := range v.Cancelled {
		if _, up := b.ups[u]; !up {
			b.Fatalf("%d is cancelled, and is not at the server", u)
		}
		delete(b.ups, u)
	}
}

func (b *books) join(now time.Time, c Claim) {
	b.last++
	v := b.register.Join(now, "d", c, b.last, b.last)
	b.waits[b.last] = c
	if v.Fresh {
		b.ups[b.last] = c
		b.register.Asked(now, "d", b.last)
	} else if up := b.ups[v.Up]; up.Credentials != c.Credentials || up.Question != c.Question {
		b.Fatalf("%+v inherits %+v", c, up)
	}
	b.act(v)
}

func (b *books) leave(w int) {
	if u, lingers := b.register.Leave("d", w); lingers && b.register.Expire("d", u) {
		delete(b.ups, u)
	}
	delete(b.waits, w)
}

func (b *books) end(u int) {
	for _, w := range b.register.End("d", u) {
		if b.waits[w].Credentials != b.ups[u].Credentials {
			b.Fatalf("wait %d gets an answer to other credentials", w)
		}
		b.leaves([]int{w})
	}
	delete(b.ups, u)
}

// any draws one of the keys.
func (b *books) any(of map[int]Claim, then func(int)) {
	if len(of) > 0 {
		then(rapid.SampledFrom(slices.Sorted(maps.Keys(of))).Draw(b.T, "which"))
	}
}

// Whatever comes: each wait leaves once, each wait at the server ends once, and
// nobody gets what was asked with other credentials.
func TestNobodyIsForgottenOrServedTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &books{T: t, waits: map[int]Claim{}, ups: map[int]Claim{}}
		now := dawn
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 8).Draw(t, "seconds")) * time.Second)
			c := claim(byte(rapid.IntRange(1, 2).Draw(t, "password")), byte(rapid.IntRange(0, 2).Draw(t, "question")))
			c.Accepted, c.Once = rapid.Bool().Draw(t, "accepted"), rapid.Bool().Draw(t, "once")
			c.Returned = rapid.IntRange(0, 9).Draw(t, "returned") == 0
			if rapid.Bool().Draw(t, "roamed") {
				c.Address = away
			}
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0, 1:
				b.join(now, c)
			case 2:
				b.any(b.waits, b.leave)
			case 3:
				b.any(b.ups, b.end)
			case 4:
				b.act(b.register.Answered(now, "d", Command{Credentials: c.Credentials, Since: now, Syncs: c.Once}))
			case 5:
				b.act(b.register.Settle(now, "d"))
			}
			if _, ups := b.register.Len(); ups != len(b.ups) {
				t.Fatalf("%d waits at the server, want %d", ups, len(b.ups))
			}
		}
		for len(b.ups) > 0 {
			b.any(b.ups, b.end)
		}
		if devices, _ := b.register.Len(); devices != 0 || len(b.waits) != 0 {
			t.Fatalf("%d devices and %d waits are left", devices, len(b.waits))
		}
	})
}

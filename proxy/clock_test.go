package proxy

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/lab"
)

func TestAClockOfPaceOneAndTheZeroClockAreOurs(t *testing.T) {
	now := time.Now()
	for _, c := range []Clock{{}, {Pace: 1}, {Began: now.Add(-time.Hour), Pace: 1}} {
		if got := c.At(now); got != now {
			t.Errorf("%+v shows %v at %v", c, got, now)
		}
		if got := c.Theirs(time.Minute); got != time.Minute || c.Ours(got) != got {
			t.Errorf("%+v makes %v of a minute", c, got)
		}
		if c.proving() != 0 {
			t.Errorf("%+v waits %v for a proof, not as long as usual", c, c.proving())
		}
	}
}

func TestAFasterClockRunsAheadFromTheMomentBothShowedTheSame(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := Clock{Began: began, Pace: 60}
	if got, want := c.At(began.Add(8*time.Second)), began.Add(8*time.Minute); got != want {
		t.Errorf("after 8 s it shows %v, want %v", got, want)
	}
	if c.Ours(8*time.Minute) != 8*time.Second || c.Theirs(8*time.Second) != 8*time.Minute {
		t.Errorf("8 min are %v of ours, 8 s %v of its", c.Ours(8*time.Minute), c.Theirs(8*time.Second))
	}
}

func TestWhereTimeRunsFasterAWaitOfMinutesIsOverAfterSecondsAndCountsInMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen witness
		var kept []Record
		began := time.Now()
		s := inMemory(t, after(8*time.Second, lab.Answer(nothingNew)), func(c *Config) {
			c.Clock, c.Witness, c.Record = Clock{Began: began, Pace: 60}, seen.see, func(r Record) { kept = append(kept, r) }
		})
		if r := s.ask(post{cmd: "Ping", body: pingOf("480", "1")}); r.code != 200 || time.Since(began) != 8*time.Second {
			t.Fatalf("after %v %+v", time.Since(began), r)
		}
		s.settled()
		end := seen.all()[1]
		if end.What != WaitEnds || end.Outcome != heartbeat.Expired || end.Asked != 8*time.Minute || end.Held != 8*time.Minute || !end.When.Equal(began.Add(8*time.Minute)) {
			t.Errorf("%+v; want a full wait of 8 min that ended 8 min after the beginning", end)
		}
		if len(kept) == 0 || kept[0].Wait.Held != 8*time.Minute || !kept[0].When.Equal(began.Add(8*time.Minute)) {
			t.Errorf("kept %+v", kept)
		}
	})
}

func TestWhereTimeRunsFasterAServerThatSaysNothingIsCoveredInSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := inMemory(t, after(time.Hour, lab.Answer(nothingNew)), func(c *Config) { c.Clock = Clock{Began: began, Pace: 60} })
		s.ask(post{cmd: "Ping", body: pingOf("480", "1")})
		if took := time.Since(began); took != 8*time.Second+grace {
			t.Errorf("a wait of 480 s was given up after %v of ours", took)
		}
	})
}

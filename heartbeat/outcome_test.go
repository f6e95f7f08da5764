package heartbeat

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

const s = time.Second

func TestEveryOutcomeHasItsName(t *testing.T) {
	for o, name := range map[Outcome]string{Expired: "expired", Changed: "changed", Early: "early", Refused: "refused",
		Left: "left", Reset: "reset", Silent: "silent", UpstreamFault: "upstream", Drained: "drained",
		0: "unknown", Drained + 1: "unknown", 255: "unknown"} {
		if o.String() != name {
			t.Errorf("%d is %q, want %q", o, o, name)
		}
	}
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		name string
		e    Ending
		want Outcome
	}{
		{"Exchange, a full interval", Ending{Asked: 480 * s, Held: 480 * s, Status: 1}, Expired},
		{"SOGo, a little late", Ending{Asked: 60 * s, Held: 60*s + 610*time.Millisecond, Status: 1}, Expired},
		{"Z-Push, whole seconds", Ending{Asked: 10 * s, Held: 9*s + 620*time.Millisecond, Status: 1}, Expired},
		{"Z-Push, 5 s", Ending{Asked: 5 * s, Held: 4*s + 500*time.Millisecond, Status: 1}, Expired},
		{"Z-Push, 1 s", Ending{Asked: 1 * s, Held: 540 * time.Millisecond, Status: 1}, Expired},
		{"95 %", Ending{Asked: 1000 * s, Held: 950 * s, Status: 1}, Expired},
		{"less than 95 %", Ending{Asked: 1000 * s, Held: 949 * s, Status: 1}, Early},
		{"interval not known", Ending{Held: 3 * s, Status: 1}, Expired},
		{"a huge interval", Ending{Asked: 1<<63 - 1, Held: 10 * s, Status: 1}, Early},

		{"mail", Ending{Asked: 480 * s, Held: 30 * s, Status: 2}, Changed},
		{"mail at once", Ending{Asked: 480 * s, Status: 2}, Changed},
		{"mail in the last second", Ending{Asked: 480 * s, Held: 480 * s, Status: 2}, Changed},
		{"mail, a younger wait being there", Ending{Asked: 480 * s, Held: 30 * s, Status: 2, Younger: true}, Changed},

		{"SOGo, Z-Push: a younger Ping", Ending{Asked: 60 * s, Held: 10 * s, Status: 1, Younger: true}, Early},
		{"Exchange: a younger Ping", Ending{Asked: 480 * s, Held: 12 * s, Status: 3, Younger: true}, Early},
		{"Horde: a younger Ping", Ending{Asked: 480 * s, Held: 12 * s, Empty: true, Younger: true}, Early},
		{"Z-Push: a younger wait ends a Sync", Ending{Asked: 480 * s, Held: 12 * s, Sync: true, Status: 136, Younger: true}, Early},
		{"answered at once", Ending{Asked: 480 * s, Held: 5 * time.Millisecond, Status: 1}, Early},

		{"nothing cached", Ending{Asked: 0, Held: 0, Status: 3}, Refused},
		{"syntax", Ending{Asked: 480 * s, Status: 4}, Refused},
		{"out of range", Ending{Asked: 30 * s, Status: 5}, Refused},
		{"SOGo says 5 after the whole wait", Ending{Asked: 3600 * s, Held: 60 * s, Status: 5}, Refused},
		{"too many folders", Ending{Asked: 480 * s, Status: 6}, Refused},
		{"hierarchy", Ending{Asked: 480 * s, Held: 29 * s, Status: 7}, Refused},
		{"server error", Ending{Asked: 480 * s, Held: 3 * s, Status: 8}, Refused},
		{"a status of the future", Ending{Asked: 480 * s, Held: 480 * s, Status: 9}, Refused},
		{"not provisioned", Ending{Asked: 480 * s, Status: 142}, Refused},
		{"136 to a Ping", Ending{Asked: 480 * s, Status: 136, Younger: true}, Refused},

		{"Sync, empty, full", Ending{Asked: 540 * s, Held: 540 * s, Sync: true, Empty: true}, Expired},
		{"Sync, empty, early", Ending{Asked: 540 * s, Held: 30 * s, Sync: true, Empty: true}, Early},
		{"Sync, Z-Push does not hold at all", Ending{Asked: 60 * s, Held: 30 * time.Millisecond, Sync: true, Empty: true}, Early},
		{"Sync for 12.0, a body without items", Ending{Asked: 60 * s, Held: 60 * s, Sync: true, Status: 1}, Expired},
		{"Sync, mail", Ending{Asked: 540 * s, Held: 30 * s, Sync: true, Status: 1, Items: true}, Changed},
		{"Sync, Status 2 is no mail", Ending{Asked: 540 * s, Held: 30 * s, Sync: true, Status: 2, Items: true}, Refused},
		{"Sync, Wait and interval", Ending{Sync: true, Status: 4}, Refused},
		{"Sync, hierarchy", Ending{Asked: 540 * s, Held: 9 * s, Sync: true, Status: 12}, Refused},
		{"Sync, nothing cached", Ending{Sync: true, Status: 13}, Refused},
		{"Sync, out of range", Ending{Asked: 59 * s, Sync: true, Status: 14}, Refused},
		{"Sync, too many collections", Ending{Asked: 60 * s, Sync: true, Status: 15}, Refused},
		{"Sync, 136 without a younger wait", Ending{Asked: 480 * s, Sync: true, Status: 136}, Refused},

		{"Ping without a body", Ending{Asked: 480 * s, Held: 480 * s, Empty: true}, UpstreamFault},
		{"sign-in page", Ending{Asked: 480 * s, HTTP: 200}, UpstreamFault},
		{"Sync that cannot be read", Ending{Asked: 480 * s, Held: 480 * s, Sync: true, Items: true}, UpstreamFault},
		{"negative status", Ending{Asked: 480 * s, Held: 480 * s, Status: -1}, UpstreamFault},

		{"200", Ending{Asked: 480 * s, Held: 480 * s, HTTP: 200, Status: 1}, Expired},
		{"401 in the middle", Ending{Asked: 480 * s, Held: 100 * s, HTTP: 401, Empty: true}, Refused},
		{"403 with a body", Ending{Asked: 480 * s, HTTP: 403, Status: 1}, Refused},
		{"449", Ending{Asked: 480 * s, HTTP: 449, Empty: true}, Refused},
		{"451", Ending{Asked: 480 * s, HTTP: 451, Empty: true}, Refused},
		{"302", Ending{Asked: 480 * s, HTTP: 302}, Refused},
		{"503", Ending{Asked: 480 * s, HTTP: 503, Empty: true}, UpstreamFault},
		{"500 of a held Ping", Ending{Asked: 480 * s, Held: 29 * s, HTTP: 500, Empty: true, Younger: true}, UpstreamFault},

		{"the phone went", Ending{Cause: DeviceLeft, Asked: 480 * s, Held: 480 * s, Status: 1}, Left},
		{"the phone was cut off", Ending{Cause: DeviceReset, Held: 3 * s}, Reset},
		{"the phone came back elsewhere", Ending{Cause: DeviceSilent, Held: 3 * s, Younger: true}, Silent},
		{"the server closed", Ending{Cause: UpstreamFailed, Held: 3 * s, Status: 1}, UpstreamFault},
		{"we stop", Ending{Cause: Draining, Asked: 480 * s, Held: 480 * s, Status: 1}, Drained},
	} {
		if got := Classify(c.e); got != c.want {
			t.Errorf("%s: %+v is %s, want %s", c.name, c.e, got, c.want)
		}
	}
}

// Whatever the numbers: a wait is counted, only an understood answer says that
// something is new, and only one after most of the interval that it survived.
func TestNothingButAnUnderstoodAnswerProvesAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Ending{
			Cause:   Cause(rapid.IntRange(0, int(Draining)).Draw(t, "cause")),
			Asked:   time.Duration(rapid.Int64Min(0).Draw(t, "asked")),
			Held:    time.Duration(rapid.Int64Min(0).Draw(t, "held")),
			Sync:    rapid.Bool().Draw(t, "sync"),
			HTTP:    rapid.SampledFrom([]int{0, 100, 200, 302, 401, 503, 999}).Draw(t, "http"),
			Empty:   rapid.Bool().Draw(t, "empty"),
			Status:  rapid.IntRange(-1, 200).Draw(t, "status"),
			Items:   rapid.Bool().Draw(t, "items"),
			Younger: rapid.Bool().Draw(t, "younger"),
		}
		got := Classify(e)
		if got.String() == "unknown" {
			t.Fatalf("%+v has no outcome", e)
		}
		good := e.Cause == Answered && (e.HTTP == 0 || e.HTTP == 200)
		if got == Changed && (!good || e.Empty || e.Status != 1 && e.Status != 2) {
			t.Fatalf("%+v is taken for something new", e)
		}
		if got == Expired && (!good || !e.Empty && e.Status != 1 || e.Held < e.Asked-e.Asked/20-slack) {
			t.Fatalf("%+v is taken for a full interval", e)
		}
	})
}

package proxy

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/proxy/shield"
)

const most = 5

// An old phone tries every second for an hour, with whatever phones try with. Beside it,
// behind the same address, the same user has another phone with the right password.
func TestAnOldPhoneWithAnOldPasswordCostsTheServerFiveLoginsInAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory()
		s := inMemory(t, d.script, shielded(Shield{StalePasswords: most, Failures: 10}))
		began, tried := time.Now(), 0
		for ; time.Since(began) < time.Hour; tried++ {
			cmd := []string{"Sync", "Ping", "FolderSync", "Settings"}[tried%4]
			if got := s.tries(try{cmd: cmd, device: "old", password: "old"}); got.code != 401 {
				t.Fatalf("after %s: answered %d", time.Since(began), got.code)
			}
			if tried%10 == 0 {
				s.wantAt(try{device: "new", password: "right"}, 200)
			}
			time.Sleep(time.Second)
		}
		d.wantLogins(t, "anna:old", most)
		d.wantLogins(t, "anna:right", (tried+9)/10)
		if n := s.count("diastole_shield_answers_total", "reason", "stale"); int(n) != tried-most || tried < 300 {
			t.Errorf("%v answered here of %d", n, tried)
		}
		if n := s.count("diastole_logins_refused_total", "kind", "stale"); n != most-1 {
			t.Errorf("%v refusals are called stale", n)
		}
	})
}

func TestARefusalOfOursHasTheServersOwnWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, newDirectory().script, shielded(Shield{StalePasswords: 3}))
		old := try{device: "old", password: "old"}
		first := s.tries(old)
		began := time.Now()
		second := s.tries(old)
		if want := []string{`Basic realm="mail.example.test"`, "Bearer"}; first.code != 401 || second.code != 401 || second.body != "" ||
			strings.Join(second.header["Www-Authenticate"], "+") != strings.Join(want, "+") || second.header.Get("Content-Length") != "0" {
			t.Errorf("got %+v, after %+v", second, first)
		}
		for _, want := range []time.Duration{1, 3, 7, 15, 25, 35} {
			if slept := time.Since(began); slept != want*time.Second {
				t.Errorf("answered %s after the server, want %d s", slept, want)
			}
			s.tries(old)
		}
	})
}

func TestAPasswordThatWasSetBackGetsThroughByItselfAndAReloadLetsItThroughAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory()
		s := inMemory(t, d.script, shielded(Shield{StalePasswords: most}))
		old := try{device: "old", password: "old"}
		refuse := func() {
			for range 20 {
				if got := s.tries(old); got.code != 401 {
					t.Fatalf("answered %d", got.code)
				}
			}
		}
		refuse()
		d.expects("old")
		began := time.Now()
		for s.tries(old).code != 200 {
			time.Sleep(time.Second)
		}
		if waited := time.Since(began); waited > 10*time.Minute+20*time.Second {
			t.Errorf("got through after %s", waited)
		}
		for range 50 { // and nothing is left of it
			s.wantAt(old, 200)
		}
		d.expects("right")
		refuse()
		d.expects("old")
		s.proxy.Apply(Settings{Shield: Shield{StalePasswords: most}})
		s.wantAt(old, 200)
	})
}

// A stranger may know what a phone is called, and whose it is.
func TestAStrangerWhoKnowsADeviceKeepsItsOwnerNotOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory()
		s := inMemory(t, d.script, trusting, shielded(Shield{StalePasswords: most, Failures: 5, Storm: 20}))
		owner := try{device: "phone", password: "right", from: "198.51.100.1"}
		s.wantAt(owner, 200)
		for i := range 100 {
			s.tries(try{device: "phone", password: []string{"a", "b", "a", "a", "c"}[i%5], from: "203.0.113.9"})
			if i%10 == 0 {
				s.wantAt(owner, 200)
			}
		}
		// Also where the owner has changed the password in the middle of it.
		d.expects("newer")
		s.tries(owner)
		owner.password = "newer"
		s.wantAt(owner, 200)
	})
}

func TestWhoCorrectsAPasswordDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, newDirectory().script, shielded(Shield{StalePasswords: 3}))
		for range 10 {
			s.tries(try{device: "phone", password: "old"})
		}
		s.wantAt(try{device: "phone", password: "tyop"}, 401)
		s.wantAt(try{device: "phone", password: "right"}, 200)
	})
}

// Scenario 26 of the faults: fifty Pings with the same wrong password, all at once, which
// ask the same and so share what the server says; and fifty of what does not wait.
func TestScenario26FiftyAtOnceWithAnOldPassword(t *testing.T) {
	for cmd, logins := range map[string]int{"Ping": 1, "FolderSync": most} {
		synctest.Test(t, func(t *testing.T) {
			d := newDirectory()
			s := inMemory(t, after(2*time.Second, d.script), shielded(Shield{StalePasswords: most}))
			codes, answers := map[int]int{}, make(chan reply)
			for range 50 {
				go func() { answers <- s.tries(try{cmd: cmd, device: "old", password: "old"}) }()
			}
			for range 50 {
				got := <-answers
				codes[got.code]++
				if got.code == 503 && got.header.Get("Retry-After") != "10" {
					t.Errorf("come back when? %v", got.header)
				}
			}
			d.wantLogins(t, "anna:old", logins)
			if codes[401] != most || codes[503] != 45 {
				t.Errorf("%s: answered %v", cmd, codes)
			}
		})
	}
}

// A question about changes is a login too: of a phone that was let in, and whose password
// somebody has changed since.
func TestHeldAtTheEdgeAnOldPasswordCostsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory()
		d.expects("old")
		s := inMemory(t, d.script, shielded(Shield{StalePasswords: most}), func(c *Config) { c.Hold = Hold{Edge: true, Check: "ping", Poll: time.Minute} })
		ping := try{cmd: "Ping", device: "old", password: "old"}
		for range 2 { // the first goes up; then it is known what the phone asks
			if got := s.tries(ping); got.code != 200 {
				t.Fatalf("answered %d", got.code)
			}
		}
		before := d.count("anna:old")
		if before < 3 {
			t.Fatalf("only %d requests: nothing was held here", before)
		}
		d.expects("right")
		for began := time.Now(); time.Since(began) < time.Hour; time.Sleep(time.Second) {
			if got := s.tries(ping); got.code != 401 {
				t.Fatalf("answered %d", got.code)
			}
		}
		d.wantLogins(t, "anna:old", before+most)
	})
}

// Also what the server answers to a question says who is let in.
func TestHeldAtTheEdgeAPhoneIsARegular(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		settings := Settings{Shield: Shield{StalePasswords: most}, Hold: Hold{Edge: true, Check: "ping", Poll: time.Minute}}
		s := inMemory(t, lab.Answer(nothingNew), func(c *Config) { c.Settings = settings })
		s.ask(post{cmd: "Ping", body: pingOf("60", "1")}) // now it is known what it asks
		phone := s.call()
		phone.send(post{cmd: "Ping", body: pingOf("480", "1")}.raw())
		synctest.Wait()
		s.proxy.Apply(settings) // which forgets who was let in
		time.Sleep(2 * time.Minute)
		if n := s.count("diastole_shield_entries", "table", "accepted"); n != 1 {
			t.Errorf("%v were let in", n)
		}
		phone.Close()
		s.settled()
	})
}

// A token expires every hour, and a phone without one asks how to sign in.
func TestAnExpiredTokenIsNoOldPasswordAndOneBesideAPasswordIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, newDirectory().script, shielded(Shield{StalePasswords: 3, Failures: 3}))
		for range 30 {
			s.wantAt(try{device: "phone", authorization: "Bearer eyJhbGciOi.x.y"}, 401)
			s.wantAt(try{device: "phone", authorization: "Bearer x\r\nX-Other: Basic"}, 401)
		}
		if lines := s.refusals(); len(lines) != 0 {
			t.Errorf("called refused: %v", lines)
		}
		for i, hidden := range []string{"Bearer x\r\nAuthorization: Basic YTph", "Bearer x, Basic YTph", "Basic\tYTph", "bearer\tbasic YTph"} {
			s.tries(try{device: "phone", authorization: hidden})
			if lines := s.refusals(); len(lines) != min(i+1, 3) {
				t.Errorf("%q is not counted: %v", hidden, lines)
			}
		}
	})
}

func TestSigningInByNTLMIsNoOldPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, newDirectory().script, shielded(Shield{StalePasswords: 3, Failures: 3}))
		for range 30 {
			s.wantAt(try{device: "pc", authorization: "NTLM TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAGAbEdAAAADw=="}, 401)
			s.wantAt(try{device: "pc", authorization: "Negotiate YIIF"}, 401)
		}
		if lines := s.refusals(); len(lines) != 0 {
			t.Errorf("called refused: %v", lines)
		}
	})
}

// One word more would otherwise take a spray of passwords past every limit.
func TestAPasswordBesideNTLMIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, newDirectory().script, shielded(Shield{Failures: 10}))
		for i, hidden := range []string{"Basic YTph\r\nAuthorization: NTLM x", "Negotiate x\r\nAuthorization: basic YTpi", "Basic YTpj NTLM", "NTLM x, Basic YTpk", "Digest Negotiate"} {
			s.tries(try{device: "phone", authorization: hidden})
			if lines := s.refusals(); len(lines) != i+1 {
				t.Errorf("%q is not counted: %v", hidden, lines)
			}
		}
	})
}

func TestAServerThatFailsHasRefusedNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, newDirectory().script, shielded(Shield{StalePasswords: 3, Failures: 3}))
		phone := try{device: "phone", password: "right"}
		for _, status := range []string{"500 No", "503 Later", "403 Forbidden", "449 Provision"} {
			s.up.SetScript(lab.Answer("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n"))
			for range 20 {
				s.wantAt(phone, code(status))
			}
		}
		s.up.SetScript(newDirectory().script)
		s.wantAt(phone, 200)
	})
}

func TestASwitchedOffShieldRemembersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory()
		s := inMemory(t, d.script)
		for range 20 {
			s.wantAt(try{device: "old", password: "old"}, 401)
		}
		if s.proxy.guard.Load() != nil || s.count("diastole_shield_entries") != 0 || len(s.refusals()) != 0 {
			t.Error("something is remembered, or logged")
		}
		d.wantLogins(t, "anna:old", 20)
	})
}

func TestTheTablesShowWhatIsInThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, newDirectory().script, shielded(Shield{StalePasswords: 3, Failures: 9, Storm: 9}))
		s.wantAt(try{device: "old", password: "old"}, 401)
		s.wantAt(try{device: "new", password: "right"}, 200)
		for table, want := range map[string]float64{"devices": 1, "accepted": 1, "storm": 2, "failures": 1} {
			if n := s.count("diastole_shield_entries", "table", table); n != want {
				t.Errorf("%s: %v, want %v", table, n, want)
			}
		}
		g := s.proxy.guard.Load()
		g.passwords = shield.NewPasswords(3, 1)
		for _, device := range []string{"a", "b", "c"} {
			s.wantAt(try{device: device, password: "old", user: device}, 401)
		}
		if n := s.count("diastole_shield_forgotten_total", "table", "devices"); n != 2 {
			t.Errorf("%v forgotten", n)
		}
	})
}

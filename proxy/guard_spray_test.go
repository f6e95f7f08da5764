package proxy

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/diastole/diastole/internal/lab"
)

// A thousand passwords for one user, from the address of an office that has phones.
func TestASprayOfAThousandPasswordsIsLimitedByItsAddressAndHasItsOwnLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory()
		s := inMemory(t, d.script, trusting, shielded(Shield{StalePasswords: most, Failures: 30}))
		phone := try{user: "bert", device: "berts", password: "right", from: "198.51.100.7"}
		s.wantAt(phone, 200)
		codes := map[int]int{}
		for i := range 1000 {
			got := s.tries(try{device: fmt.Sprint("guess", i%7), password: fmt.Sprint("guess", i), from: "198.51.100.7"})
			codes[got.code]++
			if got.code == 503 && got.header.Get("Retry-After") != "2" {
				t.Errorf("come back when? %v", got.header)
			}
			if i%100 == 0 { // bert's phone is signed in; that of carla, elsewhere, was never seen
				s.wantAt(phone, 200)
				s.wantAt(try{user: "carla", device: fmt.Sprint("carlas", i), password: "right", from: "198.51.100.8"}, 200)
			}
		}
		if codes[401] != 30 || codes[503] != 970 {
			t.Errorf("answered %v", codes)
		}
		if n := s.count("diastole_logins_refused_total", "kind", "guess"); n != 30 {
			t.Errorf("%v guesses are counted", n)
		}
		warned := s.log.FilterLevelExact(zapcore.WarnLevel).All()
		if len(warned) != 1 || !strings.HasPrefix(warned[0].Message, "too many refused logins from one address") || warned[0].ContextMap()["client"] != "198.51.100.7/32" {
			t.Errorf("warned: %v", warned)
		}
		if n := s.count("diastole_shield_addresses_limited_total"); n != 1 {
			t.Errorf("limited %v times", n)
		}
	})
}

// Phones with old passwords at one address are many, and no attack on it.
func TestOldPhonesDoNotUseUpWhatTheirOfficeHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, newDirectory().script, shielded(Shield{Failures: 30}))
		for range 600 {
			for phone := range 20 {
				s.wantAt(try{user: fmt.Sprint("u", phone), device: fmt.Sprint("d", phone), password: "old"}, 401)
			}
			time.Sleep(time.Second)
		}
		s.wantAt(try{device: "new", password: "right"}, 200)
		if stale, guess := s.count("diastole_logins_refused_total", "kind", "stale"), s.count("diastole_logins_refused_total", "kind", "guess"); stale != 20*599 || guess != 20 {
			t.Errorf("%v are called stale and %v a guess", stale, guess)
		}
	})
}

// A directory that is down for a while refuses everybody.
func TestPhonesThatWereSignedInAreNoGuessesWhenAllAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory()
		s := inMemory(t, d.script, shielded(Shield{Failures: 5}))
		phone := func(i int) try { return try{user: fmt.Sprint("u", i), device: fmt.Sprint("d", i), password: "right"} }
		for i := range 50 {
			s.wantAt(phone(i), 200)
		}
		d.expects("nothing")
		for i := range 50 {
			s.wantAt(phone(i), 401)
		}
		d.expects("right")
		for i := range 50 {
			s.wantAt(phone(i), 200)
		}
		if n := s.count("diastole_logins_refused_total", "kind", "known"); n != 50 {
			t.Errorf("%v are called known: %v", n, s.refusals())
		}
		s.wantQuiet()
	})
}

func TestAVolleyOfGuessesIsMadeUpForAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, after(time.Second, newDirectory().script), shielded(Shield{Failures: 10}))
		answers := make(chan reply)
		for i := range 60 {
			go func() { answers <- s.tries(try{device: fmt.Sprint(i), password: fmt.Sprint(i)}) }()
		}
		for range 60 {
			<-answers
		}
		if got := s.tries(try{device: "x", password: "x"}); got.code != 503 || got.header.Get("Retry-After") != "306" { // 51 at 6 s each
			t.Errorf("got %d, %v", got.code, got.header)
		}
	})
}

// A picture that everybody may see is answered 200, whatever the password.
func TestWhatIsAcceptedWhereNobodyLooksDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory()
		s := inMemory(t, d.script, shielded(Shield{StalePasswords: 5, Failures: 10}))
		refused := 0
		for i := range 100 {
			password := fmt.Sprint("guess", i)
			s.tries(try{path: "/logo.png", password: password})
			for _, a := range []try{{path: "/EWS/Exchange.asmx", password: password}, {device: "d", password: password}} {
				if s.tries(a).code == 401 {
					refused++
				}
			}
		}
		if refused > 11 {
			t.Errorf("%d guesses came to the server", refused)
		}
	})
}

// Some servers answer OPTIONS to everybody, and a phone need not say what it is called.
func TestAnOPTIONSThatNobodyChecksMakesNoRegular(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory()
		d.open = true
		s := inMemory(t, d.script, shielded(Shield{Failures: 10}))
		refused := 0
		for i := range 100 {
			guess := try{path: "/Microsoft-Server-ActiveSync", password: fmt.Sprint("guess", i)}
			c := s.call()
			c.send("OPTIONS" + guess.raw()[4:])
			c.reply()
			if s.tries(guess).code == 401 {
				refused++
			}
		}
		if refused != 10 {
			t.Errorf("%d guesses came to the server", refused)
		}
	})
}

// Desktops that were signed in are refused all at once, and nobody pays for it.
func TestRegularsThatAreRefusedUseUpNothingOfTheirAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory()
		s := inMemory(t, d.script, shielded(Shield{Failures: 5}))
		for _, right := range []string{"right", "nothing"} {
			d.expects(right)
			for i := range 50 {
				s.tries(try{path: "/EWS/Exchange.asmx", user: fmt.Sprint("u", i), password: "right"})
			}
		}
		s.wantAt(try{device: "new", password: "nothing"}, 200)
		if n := s.count("diastole_logins_refused_total", "kind", "known"); n != 50 {
			t.Errorf("%v are called known", n)
		}
	})
}

// A server may look at the body, at the policy key or at its own troubles first.
func TestAnAnswerBeforeThePasswordWasLookedAtMakesNoRegular(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory()
		s := inMemory(t, d.script, shielded(Shield{StalePasswords: 5, Failures: 10}))
		refused := 0
		for i := range 100 {
			guess := try{device: "phone", password: fmt.Sprint("guess", i)}
			early := []string{"400 Bad", "403 No", "404 None", "449 Provision", "451 Moved", "501 No", "200 OK\r\nContent-Type: text/html"}[i%7]
			s.up.SetScript(lab.Answer("HTTP/1.1 " + early + "\r\nContent-Length: 1\r\n\r\nx"))
			s.tries(guess)
			s.up.SetScript(d.script)
			if s.tries(guess).code == 401 {
				refused++
			}
		}
		if refused != 10 {
			t.Errorf("%d guesses came to the server", refused)
		}
	})
}

func TestWhoSignsInElsewhereIsNotKeptOutByASpray(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, newDirectory().script, shielded(Shield{Failures: 10}))
		desktop := try{path: "/EWS/Exchange.asmx", password: "right"}
		s.wantAt(desktop, 200)
		for i := range 100 {
			s.tries(try{path: "/EWS/Exchange.asmx", user: "bert", password: fmt.Sprint(i)})
		}
		s.wantAt(desktop, 200)
		s.wantAt(try{path: "/EWS/Exchange.asmx", user: "carla", password: "right"}, 503)
	})
}

// What is refused here never comes to the server, whose directory would lock the account.
// If the right password still came through, whoever is refused could find it out at leisure.
func TestALimitIsNoOracle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, victim := range []try{{path: "/EWS/Exchange.asmx", password: "right"}, {device: "annas", password: "right"}} {
			s := inMemory(t, newDirectory().script, shielded(Shield{Failures: 10}))
			colleague := victim
			colleague.user, colleague.device = "bert", "berts"
			s.wantAt(victim, 200)
			s.wantAt(colleague, 200)
			guess := victim
			for i := range 1000 {
				guess.password = fmt.Sprint(i)
				s.tries(guess)
			}
			s.wantAt(victim, 503)
			s.wantAt(colleague, 200)
			time.Sleep(6 * time.Second) // a tenth of the minute in which there may be ten
			s.wantAt(victim, 200)
		}
	})
}

// A second computer with an old password is no guess at the first.
func TestAnOldPasswordAtASprayedAddressKeepsItsOwnerNotOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, newDirectory().script, shielded(Shield{Failures: 10}))
		desktop, old := try{path: "/EWS/Exchange.asmx", password: "right"}, try{path: "/EWS/Exchange.asmx", password: "old"}
		s.wantAt(desktop, 200)
		s.wantAt(old, 401)
		for i := range 100 {
			s.tries(try{user: "bert", device: fmt.Sprint(i), password: fmt.Sprint(i)})
			s.wantAt(desktop, 200)
			s.tries(old)
		}
		s.wantAt(old, 503)
		s.wantAt(desktop, 200)
	})
}

func TestAForgedAddressBlamesNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			set  []func(*Config)
			from string
			want string
		}{
			"nobody is trusted":        {nil, "203.0.113.5", "192.0.2.1"},
			"what the proxy has added": {[]func(*Config){trusting}, "203.0.113.5, 198.51.100.7", "198.51.100.7"},
			"with a port":              {[]func(*Config){trusting}, "203.0.113.5, 198.51.100.7:4711", "198.51.100.7"},
			"IPv6 with a port":         {[]func(*Config){trusting}, "203.0.113.5, [2001:db8::7]:4711", "2001:db8::7"},
			"IPv4 in IPv6":             {[]func(*Config){trusting}, "203.0.113.5, ::ffff:198.51.100.7", "198.51.100.7"},
			"two proxies":              {[]func(*Config){trusting}, "203.0.113.5, 198.51.100.7, 192.0.2.1", "198.51.100.7"},
			"only proxies":             {[]func(*Config){trusting}, "192.0.2.1, 192.0.2.1", "192.0.2.1"},
			"no address":               {[]func(*Config){trusting}, "203.0.113.5, unknown", "192.0.2.1"},
			"an injection":             {[]func(*Config){trusting}, `203.0.113.5","kind":"guess`, "192.0.2.1"},
			"two lines":                {[]func(*Config){trusting}, "203.0.113.5\r\nX-Forwarded-For: 198.51.100.7", "198.51.100.7"},
		} {
			s := inMemory(t, newDirectory().script, append(c.set, shielded(Shield{Failures: 10}))...)
			s.wantAt(try{device: "d", password: "x", from: c.from}, 401)
			if lines := s.refusals(); len(lines) != 1 || lines[0] != "guess "+c.want {
				t.Errorf("%s: %v, want %s", name, lines, c.want)
			}
		}
	})
}

func TestIPv6AddressesOfOneSubscriberCountTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, newDirectory().script, trusting, shielded(Shield{Failures: 10}))
		refused := 0
		for i := range 100 {
			if s.tries(try{device: fmt.Sprint(i), password: fmt.Sprint(i), from: fmt.Sprintf("2001:db8:1:2:%x::%x", i, i)}).code == 401 {
				refused++
			}
		}
		if refused != 10 {
			t.Errorf("%d guesses came to the server", refused)
		}
		s.wantAt(try{device: "d", password: "x", from: "2001:db8:1:3::1"}, 401)
	})
}

// After a restart nobody is signed in, and what was kept of phones is there.
func TestAPhoneThatIsKnownIsNotKeptOutByASprayAtItsAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, newDirectory().script, shielded(Shield{Failures: 10}))
		s.wantAt(try{device: "phone", password: "right"}, 200)
		s.proxy.Apply(Settings{Shield: Shield{Failures: 10}}) // which forgets who is signed in
		for i := range 100 {
			s.tries(try{device: fmt.Sprint(i), password: fmt.Sprint(i)})
		}
		s.wantAt(try{device: "phone", password: "right"}, 200)
		s.wantAt(try{device: "another", password: "right"}, 503)
	})
}

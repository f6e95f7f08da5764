package proxy

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// To look whether a folder is new takes a Ping, and where the server has none shorter
// than a minute (Exchange, Horde) that is a minute. Those who only look must not keep
// those who have news from asking.
func TestPhonesThatLookForAMinuteDelayNobodysMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := map[string]string{}
		for i := range 40 {
			users[fmt.Sprint("u", i)] = "secret"
		}
		w := edgeWorldOf(t, lab.ServerConfig{Users: users}, func(c *Config) { c.Hold.MaxChecks = 4 })
		var phones []*ringer
		for i := range 40 {
			phones = append(phones, w.phone(fmt.Sprint("u", i), "secret", func(c *lab.PhoneConfig) { c.Ladder = lab.Fixed(50 * time.Minute) }).live())
		}
		w.passes(5*time.Minute + 20*time.Second)
		for i, phone := range phones[:20] {
			user := fmt.Sprint("u", i)
			w.deliver(user)
			w.bell.ring(user)
			w.passes(time.Second)
			if phone.got() != 1 {
				t.Errorf("%s was not told within a second", user)
			}
			w.passes(time.Duration(i) * 3 * time.Second)
		}
		if n := w.count("Ping"); n < 8 {
			t.Errorf("%d Pings have looked in a quarter of an hour", n)
		}
		w.server.AddFolder("u39", "Projects", "Email")
		w.passes(4 * time.Hour) // half the places are for 40 phones, and whose turn it is is drawn
		if n := len(phones[39].Folders()); n != 9 {
			t.Errorf("the phone has %d folders in the end, want 9", n)
		}
	})
}

package lab

import (
	"slices"
	"testing"
	"time"
)

func TestAPlainPhoneSaysMinutesToAServerThatLivesAsFast(t *testing.T) {
	for name, hang := range map[string]bool{"Ping": false, "Sync": true} {
		t.Run(name, func(t *testing.T) {
			phone := PhoneConfig{Scale: 60, Plain: true, Grace: time.Second, Ladder: DirectPush(), HangingSync: hang}
			live(t, ServerConfig{Pace: 60, MaxHeartbeat: 12 * time.Minute}, phone, FirewallConfig{}, func(l *life, wait func(time.Duration)) {
				wait(30 * time.Second)
				if got := l.minutes()[:3]; !slices.Equal(got, []int{15, 12, 12}) {
					t.Errorf("asked %v, want 15 (refused with 12), then 12", got)
				}
				if l.waits[0].Event != Refused || l.waits[1].Event != Expired || l.waits[1].Took != 12*time.Second {
					t.Errorf("waits %+v", l.waits[:2])
				}
			})
		})
	}
}

func TestAPlainPhoneGivesUpWhenItsOwnFastTimerEnds(t *testing.T) {
	phone := PhoneConfig{Scale: 60, Plain: true, Grace: time.Second, Ladder: DirectPush()}
	live(t, ServerConfig{Pace: 60}, phone, FirewallConfig{Idle: 13 * time.Second}, func(l *life, wait func(time.Duration)) {
		wait(time.Minute)
		if first := l.waits[0]; first.Event != Silent || first.Asked != 15*time.Minute || first.Took != 16*time.Second {
			t.Errorf("first wait %+v, want silence for 15 s and the grace", first)
		}
	})
}

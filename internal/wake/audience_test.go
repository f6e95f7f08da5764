package wake

import "testing"

func TestAnAudienceIsToldOfWhatItsMembersWaitOn(t *testing.T) {
	var a Audience
	var told []string
	join := func(name string, waits Classes) *Member {
		return a.Join(waits, func(changed bool) {
			if changed {
				name += "!"
			}
			told = append(told, name)
			a.Covers() // no lock is held
		})
	}
	mail, all := join("mail", Inbox|Mail), join("all", Inbox|Other)
	a.Tell(Other)
	if len(told) != 1 || told[0] != "all!" {
		t.Errorf("told %v", told)
	}
	first, again := a.Cover(Other), a.Cover(Other)
	if !first || again || mail.Covers() != Other || all.Covers() != Other {
		t.Error("what is covered is not noted, or news twice")
	}
	told = nil
	a.Tell(0)
	if len(told) != 2 {
		t.Errorf("told %v", told)
	}
	if a.Part(mail) || a.Empty() {
		t.Error("one is here still")
	}
	first, again = a.Part(all), a.Part(all)
	if !first || again || !a.Empty() {
		t.Error("the last one leaves once")
	}
	told = nil
	if a.Tell(Inbox); len(told) != 0 {
		t.Errorf("told after they have gone: %v", told)
	}
}

func TestTheSameCredentialsAreOneIdentity(t *testing.T) {
	i := NewIdentifier()
	id := i.Of("a", "bc")
	if again := i.Of("a", "bc"); again != id {
		t.Error("they are two")
	}
	for _, other := range [][2]string{{"ab", "c"}, {"a", "bd"}, {"", "abc"}, {"a\x00b", "c"}, {"A", "bc"}} {
		if id == i.Of(other[0], other[1]) {
			t.Errorf("%q is the same", other)
		}
	}
	if id == NewIdentifier().Of("a", "bc") {
		t.Error("whoever guesses can compute it")
	}
}

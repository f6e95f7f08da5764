package shield

import "testing"

func TestWhomTheServerHasTakenIsARegularUntilItRefuses(t *testing.T) {
	r := NewRegulars(2)
	r.Add(id("a"))
	if !r.Has(id("a")) || r.Has(id("b")) {
		t.Error("a and nobody else is a regular")
	}
	if !r.Remove(id("a")) || r.Remove(id("a")) || r.Has(id("a")) {
		t.Error("a was refused")
	}
	for _, name := range []string{"a", "b", "c"} {
		r.Add(id(name))
	}
	if r.Has(id("a")) || !r.Has(id("b")) || !r.Has(id("c")) {
		t.Error("the one heard of longest ago has to go")
	}
	if known, forgotten := r.Len(); known != 2 || forgotten != 1 {
		t.Errorf("%d known, %d forgotten", known, forgotten)
	}
}

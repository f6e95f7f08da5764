package policy

import (
	"strings"
	"testing"
)

// naiveGlob tries everything that each * could stand for.
func naiveGlob(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	if pattern[0] == '*' {
		return naiveGlob(pattern[1:], text) || text != "" && naiveGlob(pattern, text[1:])
	}
	if text == "" || pattern[0] != '?' && lower(pattern[0]) != lower(text[0]) {
		return false
	}
	return naiveGlob(pattern[1:], text[1:])
}

func TestPatternsByExamples(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"iPhone", "iphone", true},
		{"iPhone", "iPhone2", false},
		{"iPhone*", "iPhone", true},
		{"*", "", true},
		{"?", "", false},
		{"Apple-iPhone*/16??.*", "Apple-iPhone12C1/1602.92", true},
		{"Apple-iPhone*/16??.*", "Apple-iPhone12C1/1502.92", false},
		{"*a*b*c", "xxaxxbxxcxxc", true},
		{"*a*b*c", "xxaxxbxxcxxd", false},
		{"*@example.com", "U@EXAMPLE.COM", true},
		{"*@example.com", "u@example.com.evil.org", false},
		{"android/4.*", "Android/4.4\n", true},
		{"\xe4*", "\xe4\xfc", true},
		{"\xe4*", "\xfc\xe4", false},
		{"\xe4", "\xc4", false}, // only ASCII has two cases
	} {
		if got := newPattern(c.pattern).match(c.text); got != c.want {
			t.Errorf("%q against %q: %v", c.pattern, c.text, got)
		}
	}
}

// The User-Agent is the client's choice. A text that makes a matcher slow must
// not hold up the others, so no more than a kilobyte of it is looked at.
func TestAWildcardLooksAtTheFirstKilobyteOnly(t *testing.T) {
	long := strings.Repeat("a", longestText)
	if p := newPattern("*b"); p.match(long + "b") {
		t.Error("what is beyond the limit was looked at")
	}
	if p := newPattern("a*"); !p.match(long + "b") {
		t.Error("the beginning of a long text does not match")
	}
	if p := newPattern(strings.Repeat("a*", longestPattern/2-1) + "b"); p.match(long + long) {
		t.Error("there is no b")
	}
}

func TestAUserMayBeWrittenInBothWays(t *testing.T) {
	for text, want := range map[string]string{
		`CORP\u`: "u@CORP", `\u`: "u", "u@corp": "u@corp", `CORP\*`: "*@CORP", "u": "u", `a\b\c`: `b\c@a`,
	} {
		if got := principal(text); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

// FuzzGlob: whatever pattern and text are, the answer is that of trying everything.
func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{
		{"a*b", "ab"}, {"*a*?c", "bacac"}, {"?*?", "x"}, {"*", ""}, {"Ä*", "ä"}, {"a*a*a*b", "aaaaaaaaaa"}, {"*ab*abc", "ababababc"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, subject string) {
		// The naive one takes exponential time.
		if strings.Count(text, "*") > 4 || len(text) > 32 || len(subject) > 32 {
			t.Skip()
		}
		problem, remedy := flaw(text)
		if (problem == "") != (remedy == "") {
			t.Errorf("%q: %q without a way out", text, problem)
		}
		if got, want := newPattern(text).match(subject), naiveGlob(text, subject); got != want {
			t.Errorf("%q against %q: %v, want %v", text, subject, got, want)
		}
		if problem == "" && !strings.Contains(text, "*") && !strings.Contains(text, "?") && !newPattern(text).match(text) {
			t.Errorf("%q does not match itself", text)
		}
	})
}

package eas

import (
	"encoding/hex"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func key(id string) string { return (&Envelope{DeviceID: id}).DeviceKey() }

func TestOneDeviceHasOneKeyInEverySpelling(t *testing.T) {
	same := func(want string, spellings ...string) {
		t.Helper()
		for _, id := range spellings {
			if got := key(id); got != want {
				t.Errorf("%q: got %q, want %q", id, got, want)
			}
		}
	}
	// A GUID: raw in the base64 form, 32 digits in the plain form.
	same("e1568c571e684e0fb1724da85d215dc0",
		"\xe1\x56\x8c\x57\x1e\x68\x4e\x0f\xb1\x72\x4d\xa8\x5d\x21\x5d\xc0",
		"e1568c571e684e0fb1724da85d215dc0", "E1568C571E684E0FB1724DA85D215DC0")
	// Text: as it is in both forms; Z-Push calls it by its digits.
	same("v140device", "v140Device", "V140DEVICE", "76313430446576696365")
	same("appldlxh7601dvd3", "ApplDLXH7601DVD3", hex.EncodeToString([]byte("ApplDLXH7601DVD3")))
	// Digits that spell no text are the id itself.
	same("bf36923991adfba9", "BF36923991ADFBA9", "\xbf\x36\x92\x39\x91\xad\xfb\xa9")
	same("androidc1305612725", "androidc1305612725")
}

func TestAnySpellingOfAnyBytesHasTheSameKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := string(rapid.SliceOfN(rapid.Byte(), 1, 32).Draw(t, "id"))
		digits := hex.EncodeToString([]byte(id))
		want := key(id)
		if want == "" && !strings.EqualFold(id, validate) {
			t.Fatalf("%q has no key", id)
		}
		for _, spelling := range []string{digits, strings.ToUpper(digits), want} {
			if got := key(spelling); got != want {
				t.Fatalf("%q has the key %q, %q has %q", id, want, spelling, got)
			}
		}
	})
}

func TestDifferentDevicesHaveDifferentKeys(t *testing.T) {
	seen := map[string]string{}
	for _, id := range []string{"a", "b", "ab", "a-b", "a b", "device1", "device2", "\x00", "\x00\x00", "\xff",
		"SAMSUNG1358488043261754", "SAMSUNG1358537041557975", "F4DUUR6LS96ND6TD61TEFK03V8"} {
		k := key(id)
		if other, ok := seen[k]; ok || k == "" {
			t.Errorf("%q and %q share the key %q", id, other, k)
		}
		seen[k] = id
	}
}

// Scenario 28.
func TestTheDeviceValidateIsNeverTracked(t *testing.T) {
	for _, id := range []string{"validate", "Validate", "VALIDATE", hex.EncodeToString([]byte("validate")), "",
		strings.Repeat("x", maxDeviceKey+1), strings.Repeat("\xff", maxDeviceKey/2+1)} {
		if k := key(id); k != "" {
			t.Errorf("%.40q has the key %.40q", id, k)
		}
	}
	for _, id := range []string{"validated", "validate1", strings.Repeat("x", maxDeviceKey)} {
		if key(id) == "" {
			t.Errorf("%.40q has no key", id)
		}
	}
}

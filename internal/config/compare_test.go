package config

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestOneChangedKeyIsNamed(t *testing.T) {
	a, b := good(t, "minimal.yaml"), good(t, "minimal.yaml")
	if got := Changed(a, b); got != nil {
		t.Errorf("the same file differs in %v", got)
	}
	b.Upstream.MaxWaits, b.Log.Level = 7, "warn"
	if got := Changed(a, b); !slices.Equal(got, []string{"upstream.max_waits", "log.level"}) {
		t.Errorf("got %v", got)
	}
}

// No list and an empty one are the same.
func TestTheSameInOtherWordsIsNoChange(t *testing.T) {
	a, b := good(t, "commented_out.yaml"), good(t, "commented_out.yaml")
	b.Upstream.LocationHosts, b.Forwarded.Trusted, b.Policy.Rules = nil, nil, nil
	if got := Changed(a, b); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestEveryKeyOfTheFullFileDiffersFromTheDefaultsAndCanBeTakenOver(t *testing.T) {
	full, c := good(t, "full.yaml"), Default()
	if got := Changed(full, c); !slices.Equal(got, Keys()) {
		t.Errorf("got %v, want %v", got, Keys())
	}
	c.Take([]string{"listen", "policy.rules", "state.path"}, full)
	if c.Listen != full.Listen || c.State.Path != full.State.Path || len(c.Policy.Rules) != len(full.Policy.Rules) || c.Drain == full.Drain {
		t.Errorf("got %+v", c)
	}
	c.Take(Keys(), full)
	same(t, c, full)
}

func TestWhatIsTakenOverNoLongerDiffers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyConfig(t), anyConfig(t)
		names := Changed(a, b)
		some := rapid.SliceOfDistinct(rapid.SampledFrom(Keys()), rapid.ID[string]).Draw(t, "some")
		b.Take(some, a)
		for _, name := range Changed(a, b) {
			if slices.Contains(some, name) || !slices.Contains(names, name) {
				t.Fatalf("%s still differs, or only now", name)
			}
		}
	})
}

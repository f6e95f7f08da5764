package diastole

import (
	"slices"
	"strings"
	"testing"
)

// A rule reads the house and returns its faults, each with the place and the
// reason. A rule in CONTRIBUTING.md that no test holds will rot; these are held.
type rule func(house []source) (faults []string)

var rules = map[string]rule{
	"arrows":           arrows,
	"libraries":        libraries,
	"pure rooms":       pureRooms,
	"forbidden calls":  forbiddenCalls,
	"director":         director,
	"real sleeps":      realSleeps,
	"package comments": packageComments,
	"package names":    packageNames,
	"file length":      fileLength,
	"median length":    medianLength,
	"function length":  functionLength,
	"log lines":        logRules,
}

func TestTheHouseKeepsItsRules(t *testing.T) {
	all := house(t)
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			for _, fault := range rule(all) {
				t.Error(fault)
			}
		})
	}
}

// A rule that never fails is no rule: each is fed with what it must refuse
// (want is a part of the complaint) and with what it must let pass (want "").
func TestEachRuleBites(t *testing.T) {
	bitten := map[string]bool{}
	for _, bite := range bites {
		t.Run(bite.rule+"/"+bite.name, func(t *testing.T) {
			faults := rules[bite.rule](parseAll(t, bite.files))
			if bite.want == "" {
				if len(faults) > 0 {
					t.Errorf("refused: %v", faults)
				}
				return
			}
			bitten[bite.rule] = true
			if !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, bite.want) }) {
				t.Errorf("faults %q, none says %q", faults, bite.want)
			}
		})
	}
	for name := range rules {
		if !bitten[name] {
			t.Errorf("the rule %q was never shown to bite", name)
		}
	}
}

func parseAll(t *testing.T, files map[string]string) []source {
	t.Helper()
	var all []source
	for path, text := range files {
		s, err := parse(path, []byte(text))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, s)
	}
	return all
}

package check

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/diastole/diastole/wbxml"
	"github.com/diastole/diastole/wbxml/eas"
)

func estimated(answers ...eas.EstimateAnswer) []byte {
	return (&eas.EstimateResponse{Answers: answers}).Append(nil)
}

func said(id string, n int) eas.EstimateAnswer {
	return eas.EstimateAnswer{Status: 1, ID: id, Estimate: n}
}

func TestEstimateVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		body []byte
		want Verdict
	}{
		"nothing new":            {estimated(said("5", 0), said("6", 0)), Verdict{State: Unchanged}},
		"in another order":       {estimated(said("6", 0), said("5", 0)), Verdict{State: Unchanged}},
		"with class":             {estimated(eas.EstimateAnswer{Status: 1, ID: "5", Class: "Email"}, said("6", 0)), Verdict{State: Unchanged}},
		"a success of the whole": {(&eas.EstimateResponse{Status: 1, Answers: []eas.EstimateAnswer{said("5", 0), said("6", 0)}}).Append(nil), Verdict{State: Unchanged}},
		"one":                    {estimated(said("5", 0), said("6", 1)), Verdict{State: Changed, Folders: []string{"6"}}},
		"both, in asked order":   {estimated(said("6", 2), said("5", 300)), Verdict{State: Changed, Folders: []string{"5", "6"}}},
		"nothing at all":         {nil, Verdict{Why: "empty"}},
		"a sign-in page":         {[]byte("<html>"), Verdict{Why: "document"}},
		"another document":       {eas.PingResponse{Status: 1}.Append(nil), Verdict{Why: "document"}},
		"not provisioned":        {(&eas.EstimateResponse{Status: 142}).Append(nil), Verdict{Why: "status"}},
		"a status and answers":   {(&eas.EstimateResponse{Status: 110, Answers: []eas.EstimateAnswer{said("5", 0), said("6", 0)}}).Append(nil), Verdict{Why: "status"}},
		"another key":            {estimated(said("5", 1), eas.EstimateAnswer{Status: eas.EstimateInvalidKey, ID: "6", Estimate: -1}), Verdict{Why: "status"}},
		"a status of none":       {estimated(said("5", 0), eas.EstimateAnswer{ID: "6"}), Verdict{Why: "status"}},
		"no estimate":            {estimated(said("5", 1), said("6", -1)), Verdict{Why: "estimate"}},
		"a folder is missing":    {estimated(said("5", 1)), Verdict{Why: "missing"}},
		"not asked about":        {estimated(said("5", 0), said("6", 0), said("7", 1)), Verdict{Why: "folder"}},
		"no folder's":            {estimated(said("5", 0), said("", 0)), Verdict{Why: "folder"}},
		"twice":                  {estimated(said("5", 0), said("6", 0), said("5", 1)), Verdict{Why: "twice"}},
	} {
		if got := ReadEstimate(c.body, two); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// Exchange's and Z-Push's clean answer, and one whose number is none.
func TestEstimateThatIsNoNumberIsUnclear(t *testing.T) {
	for text, want := range map[string]Verdict{
		"0": {State: Unchanged}, "1": {State: Changed, Folders: []string{"5"}}, "99999999999": {State: Changed, Folders: []string{"5"}},
		"": {Why: "estimate"}, "-1": {Why: "estimate"}, "0x0": {Why: "estimate"}, " 0": {Why: "estimate"},
	} {
		e := wbxml.AppendTo(nil)
		e.Start(6, 0x05)
		e.Start(6, 0x0D)
		e.Leaf(6, 0x0E, "1")
		e.Start(6, 0x08)
		e.Leaf(6, 0x0A, "5")
		e.Leaf(6, 0x0C, text)
		for range 3 {
			e.End()
		}
		if got := ReadEstimate(e.Bytes(), two[:1]); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func TestPingVerdicts(t *testing.T) {
	ping := func(status eas.PingStatus, folders ...string) []byte {
		return eas.PingResponse{Status: status, Folders: folders}.Append(nil)
	}
	for name, c := range map[string]struct {
		body []byte
		want Verdict
	}{
		"nothing new":                {ping(1), Verdict{State: Unchanged}},
		"one":                        {ping(2, "6"), Verdict{State: Changed, Folders: []string{"6"}}},
		"both, twice":                {ping(2, "6", "5", "6"), Verdict{State: Changed, Folders: []string{"5", "6"}}},
		"one not asked about":        {ping(2, "vtodo/personal", "6"), Verdict{State: Changed, Folders: []string{"6"}}},
		"none that was asked about":  {ping(2, "vtodo/personal"), Verdict{Why: "folder"}},
		"changes nowhere":            {ping(2), Verdict{Why: "folder"}},
		"nothing new, in a folder":   {ping(1, "5"), Verdict{Why: "folder"}},
		"parameters missing":         {ping(3), Verdict{Why: "status"}},
		"interval out of range":      {eas.PingResponse{Status: 5, Interval: 60}.Append(nil), Verdict{Why: "status"}},
		"hierarchy changed":          {ping(7), Verdict{Why: "status"}},
		"hierarchy and a folder":     {ping(7, "5"), Verdict{Why: "status"}},
		"policy changed":             {ping(142), Verdict{Why: "status"}},
		"remote wipe":                {ping(140), Verdict{Why: "status"}},
		"no status":                  {ping(0), Verdict{Why: "document"}},
		"nothing at all":             {nil, Verdict{Why: "empty"}},
		"a sign-in page":             {[]byte("<html>"), Verdict{Why: "document"}},
		"the answer to an estimate":  {estimated(said("5", 0), said("6", 0)), Verdict{Why: "document"}},
		"padded with a letter after": {append(ping(1), 'x'), Verdict{State: Unchanged}},
	} {
		if got := ReadPing(c.body, two); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestNothingAskedIsNothingKnown(t *testing.T) {
	for name, got := range map[string]Verdict{
		"estimate": ReadEstimate((&eas.EstimateResponse{Status: 1}).Append(nil), nil),
		"ping":     ReadPing(eas.PingResponse{Status: 1}.Append(nil), nil),
	} {
		if !reflect.DeepEqual(got, Verdict{Why: "missing"}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestCutAnswersAreUnclear(t *testing.T) {
	whole := estimated(said("5", 0), said("6", 0))
	for n := range whole {
		if got := ReadEstimate(whole[:n], two); got.State != Unclear {
			t.Errorf("%d of %d bytes: %+v", n, len(whole), got)
		}
	}
	ping := eas.PingResponse{Status: 2, Folders: []string{"5", "6"}}.Append(nil)
	for n := range ping {
		if got := ReadPing(ping[:n], two); got.State != Unclear {
			t.Errorf("%d of %d bytes: %+v", n, len(ping), got)
		}
	}
	long := estimated(said(strings.Repeat("x", 9<<20), 0)) // more than an answer may be
	if got := ReadEstimate(long, two); got.Why != "document" {
		t.Errorf("9 MiB: %+v", got)
	}
}

// The rule in one sentence: what the server says of all folders asked about, each once,
// and of no others, is believed.
func TestEstimateVerdictsFollowTheirRule(t *testing.T) {
	id := rapid.SampledFrom([]string{"1", "2", "mail/INBOX", "{4}"})
	rapid.Check(t, func(t *rapid.T) {
		var asked []Folder
		for _, id := range rapid.SliceOfN(id, 1, 5).Draw(t, "asked") {
			asked = append(asked, Folder{ID: id, SyncKey: "1"})
		}
		answers := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) eas.EstimateAnswer {
			return eas.EstimateAnswer{
				ID: id.Draw(t, "id"), Status: eas.EstimateStatus(rapid.SampledFrom([]int{1, 1, 1, 1, 4}).Draw(t, "status")),
				Estimate: rapid.SampledFrom([]int{0, 0, 0, 2, -1}).Draw(t, "estimate"),
			}
		}), 1, 5).Draw(t, "answers")
		got := ReadEstimate(estimated(answers...), asked)

		clean, changed := true, map[string]bool{}
		for _, f := range asked {
			clean = clean && times(answers, f.ID) == 1
		}
		for _, a := range answers {
			clean = clean && a.Status == 1 && a.Estimate >= 0 && slices.ContainsFunc(asked, func(f Folder) bool { return f.ID == a.ID })
			if a.Estimate > 0 {
				changed[a.ID] = true
			}
		}
		want := Unclear
		if clean && len(changed) > 0 {
			want = Changed
		} else if clean {
			want = Unchanged
		}
		if got.State != want || want == Changed && len(got.Folders) != len(changed) {
			t.Fatalf("%+v asked, %+v answered: %+v, want %s %v", asked, answers, got, want, changed)
		}
		hold(t, got, asked)
	})
}

func times(answers []eas.EstimateAnswer, id string) (n int) {
	for _, a := range answers {
		if a.ID == id {
			n++
		}
	}
	return n
}

// hold checks what is true of every verdict.
func hold(t interface{ Fatalf(string, ...any) }, v Verdict, asked []Folder) {
	switch {
	case (v.State == Changed) != (len(v.Folders) > 0),
		(v.State == Unclear) != (v.Why != ""),
		v.Why != "" && !slices.Contains(Reasons(), v.Why):
		t.Fatalf("%+v", v)
	}
	for i, id := range v.Folders {
		if !slices.ContainsFunc(asked, func(f Folder) bool { return f.ID == id }) || slices.Contains(v.Folders[:i], id) {
			t.Fatalf("%+v: %q was not asked about, or is there twice", v, id)
		}
	}
}

// FuzzVerdict: whatever a server answers, a verdict is about what was asked, and never
// more certain than the answer.
func FuzzVerdict(f *testing.F) {
	f.Add(estimated(said("5", 0), said("6", 0)))
	f.Add(estimated(said("5", 0), said("6", 3)))
	f.Add(estimated(said("5", 1), eas.EstimateAnswer{Status: 4, ID: "6", Estimate: -1}))
	f.Add((&eas.EstimateResponse{Status: 142}).Append(nil))
	f.Add(eas.PingResponse{Status: 1}.Append(nil))
	f.Add(eas.PingResponse{Status: 2, Folders: []string{"5", "7"}}.Append(nil))
	f.Add(eas.PingResponse{Status: 5, Interval: 60}.Append(nil))
	question, _ := Estimate("12.1", two)
	f.Add(question)
	f.Add(Ping(5, two))
	f.Fuzz(func(t *testing.T, body []byte) {
		v := ReadEstimate(body, two)
		hold(t, v, two)
		if answer, err := eas.ParseEstimateResponse(body); v.State != Unclear && (err != nil || len(answer.Answers) != len(two)) {
			t.Fatalf("%+v of %+v, %v", v, answer, err)
		}
		v = ReadPing(body, two)
		hold(t, v, two)
		answer, err := eas.ParsePingResponse(body)
		if want := map[State]eas.PingStatus{Unchanged: 1, Changed: 2}; v.State != Unclear && (err != nil || answer.Status != want[v.State]) {
			t.Fatalf("%+v of %+v, %v", v, answer, err)
		}
	})
}

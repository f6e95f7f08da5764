package eas

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const estimateOld = `<GetItemEstimate xmlns="GetItemEstimate" xmlns:a="AirSync"><Collections>
	<Collection><Class>Email</Class><CollectionId>5</CollectionId><a:FilterType>3</a:FilterType><a:SyncKey>77</a:SyncKey></Collection>
	<Collection><CollectionId>6</CollectionId><a:FilterType>0</a:FilterType><a:SyncKey>78</a:SyncKey></Collection>
	</Collections></GetItemEstimate>`

const estimateNew = `<GetItemEstimate xmlns="GetItemEstimate" xmlns:a="AirSync"><Collections>
	<Collection><a:SyncKey>77</a:SyncKey><CollectionId>5</CollectionId>
	<a:Options><a:FilterType>3</a:FilterType><a:Class>Email</a:Class></a:Options></Collection>
	<Collection><a:SyncKey>78</a:SyncKey><CollectionId>6</CollectionId><a:Options><a:FilterType>0</a:FilterType></a:Options></Collection>
	</Collections></GetItemEstimate>`

func TestEstimateRequestHasTheLayoutOfItsVersion(t *testing.T) {
	want := EstimateRequest{Collections: []EstimateCollection{
		{ID: "5", Class: "Email", SyncKey: "77", FilterType: 3}, {ID: "6", SyncKey: "78", FilterType: 0}}}
	for text, versions := range map[string][]string{
		estimateOld: {"2.5", "12.0", "12.1"},
		estimateNew: {"14.0", "14.1", "16.0", "16.1", "", "17.0"},
	} {
		body := document(t, text)
		if got, err := ParseEstimateRequest(body); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %+v, %v\nwant %+v", text, got, err, want)
		}
		for _, version := range versions {
			if got := want.Append(nil, version); string(got) != string(body) {
				t.Errorf("%s:\ngot  %x\nwant %x", version, got, body)
			}
		}
	}
}

func TestAnEstimateWithoutFilterHasNoOptions(t *testing.T) {
	r := EstimateRequest{Collections: []EstimateCollection{{ID: "5", SyncKey: "77", FilterType: -1}}}
	f := func(version, text string) {
		t.Helper()
		if got, want := r.Append(nil, version), document(t, text); string(got) != string(want) {
			t.Errorf("%s:\ngot  %x\nwant %x", version, got, want)
		}
	}
	head := `<GetItemEstimate xmlns="GetItemEstimate" xmlns:a="AirSync"><Collections><Collection>`
	tail := `</Collection></Collections></GetItemEstimate>`
	f("14.1", head+`<a:SyncKey>77</a:SyncKey><CollectionId>5</CollectionId>`+tail)
	f("12.1", head+`<CollectionId>5</CollectionId><a:FilterType>0</a:FilterType><a:SyncKey>77</a:SyncKey>`+tail)
}

func TestEstimateResponseIsReadAndWritten(t *testing.T) {
	f := func(text string, want EstimateResponse) {
		t.Helper()
		body := document(t, text)
		got, err := ParseEstimateResponse(body)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %+v, %v\nwant %+v", text, got, err, want)
		}
		if again := want.Append(nil); string(again) != string(body) {
			t.Errorf("%s\nwritten as %x, want %x", text, again, body)
		}
	}
	f(`<GetItemEstimate xmlns="GetItemEstimate"><Response><Status>1</Status><Collection><Class>Email</Class>
		<CollectionId>5</CollectionId><Estimate>0</Estimate></Collection></Response><Response><Status>4</Status>
		<Collection><CollectionId>6</CollectionId></Collection></Response></GetItemEstimate>`,
		EstimateResponse{Answers: []EstimateAnswer{{Status: 1, ID: "5", Class: "Email", Estimate: 0},
			{Status: EstimateInvalidKey, ID: "6", Estimate: -1}}})
	f(`<GetItemEstimate xmlns="GetItemEstimate"><Status>142</Status></GetItemEstimate>`,
		EstimateResponse{Status: StatusDeviceNotProvisioned})
}

func TestAnEstimateThatIsNoNumberIsNoAnswer(t *testing.T) {
	for _, text := range []string{"", "-1", "abc", "0x0"} {
		body := `<GetItemEstimate xmlns="GetItemEstimate"><Response><Status>1</Status><Collection>
			<Estimate>` + text + `</Estimate></Collection></Response></GetItemEstimate>`
		if got, err := ParseEstimateResponse(document(t, body)); err != nil || got.Answers[0].Estimate != -1 {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, body := range [][]byte{nil, []byte("<html>"), document(t, `<GetItemEstimate xmlns="GetItemEstimate"/>`)} {
		if got, err := ParseEstimateResponse(body); err == nil {
			t.Errorf("%q: read as %+v", body, got)
		}
	}
	if _, err := ParseEstimateResponse(document(t, `<Sync xmlns="AirSync"/>`)); !errors.Is(err, ErrDocument) {
		t.Errorf("a Sync: %v", err)
	}
}

func hundredFolders() EstimateRequest {
	var r EstimateRequest
	for i := range 100 {
		r.Collections = append(r.Collections, EstimateCollection{ID: fmt.Sprint(i), Class: "Email",
			SyncKey: strings.Repeat("7", 10), FilterType: 3})
	}
	return r
}

func BenchmarkAppendEstimateOf100(b *testing.B) {
	r := hundredFolders()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = r.Append(buf[:0], "14.1")
	}
}

func BenchmarkParseEstimateResponseOf100(b *testing.B) {
	var r EstimateResponse
	for _, c := range hundredFolders().Collections {
		r.Answers = append(r.Answers, EstimateAnswer{Status: 1, ID: c.ID})
	}
	body := r.Append(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseEstimateResponse(body); err != nil {
			b.Fatal(err)
		}
	}
}

package eas

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/wbxml"
)

// collection is what SyncCollection{} is without a FilterType.
func collection(id, class, key string) SyncCollection {
	return SyncCollection{ID: id, Class: class, SyncKey: key, FilterType: -1, GetChanges: key != "0" && key != ""}
}

func TestSyncRequestReadsBothLayouts(t *testing.T) {
	f := func(text string, want SyncRequest) {
		t.Helper()
		got, err := ParseSyncRequest(document(t, text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %+v, %v\nwant %+v", text, got, err, want)
		}
	}
	filtered := collection("5", "Email", "1509029063")
	filtered.FilterType = 3

	// 2.5 and 12.0: the class comes first.
	f(`<Sync xmlns="AirSync"><Collections><Collection><Class>Email</Class><SyncKey>1509029063</SyncKey>
		<CollectionId>5</CollectionId><GetChanges/><Options><FilterType>3</FilterType></Options></Collection>
		</Collections></Sync>`,
		SyncRequest{Wait: -1, Interval: -1, Collections: []SyncCollection{filtered}})
	// 12.1 with Wait.
	f(`<Sync xmlns="AirSync"><Collections><Collection><Class>Contacts</Class><SyncKey>0</SyncKey>
		<CollectionId>2</CollectionId></Collection></Collections><Wait>59</Wait><WindowSize>100</WindowSize></Sync>`,
		SyncRequest{Wait: 59, Interval: -1, WindowSize: 100, Collections: []SyncCollection{collection("2", "Contacts", "0")}})
	// 14.x: the class is within Options; one more Options for SMS, before or behind.
	f(`<Sync xmlns="AirSync"><Collections><Collection><SyncKey>1509029063</SyncKey><CollectionId>5</CollectionId>
		<Options><Class>SMS</Class><FilterType>5</FilterType></Options>
		<Options><FilterType>3</FilterType><Class>Email</Class></Options></Collection></Collections>
		<HeartbeatInterval>540</HeartbeatInterval></Sync>`,
		SyncRequest{Wait: -1, Interval: 540, Collections: []SyncCollection{filtered}})
	f(`<Sync xmlns="AirSync"><Collections><Collection><SyncKey>1509029063</SyncKey><CollectionId>5</CollectionId>
		<Options><FilterType>3</FilterType><Class>Email</Class></Options><Options><Class>sms</Class></Options>
		</Collection></Collections></Sync>`,
		SyncRequest{Wait: -1, Interval: -1, Collections: []SyncCollection{filtered}})
	// A partial one: the rest comes from the server's memory.
	f(`<Sync xmlns="AirSync"><Wait>8</Wait><Partial/></Sync>`, SyncRequest{Wait: 8, Interval: -1, Partial: true})
	// Several, with the same names elsewhere.
	f(`<Sync xmlns="AirSync"><Collections><Collection><SyncKey>k</SyncKey><CollectionId>1</CollectionId>
		<Supported><Class>no</Class><SyncKey>no</SyncKey></Supported><WindowSize>5</WindowSize>
		<Options><BodyPreference xmlns="AirSyncBase"><Type>1</Type></BodyPreference></Options></Collection>
		<Collection><CollectionId>2</CollectionId></Collection></Collections></Sync>`,
		SyncRequest{Wait: -1, Interval: -1, Collections: []SyncCollection{collection("1", "", "k"), collection("2", "", "")}})
	// The first of two equal elements counts.
	f(`<Sync xmlns="AirSync"><Wait>1</Wait><Wait>2</Wait><Collections><Collection><SyncKey>a</SyncKey>
		<SyncKey>b</SyncKey></Collection></Collections></Sync>`,
		SyncRequest{Wait: 1, Interval: -1, Collections: []SyncCollection{collection("", "", "a")}})
}

func TestNoBodyIsTheSyncOfLastTime(t *testing.T) {
	got, err := ParseSyncRequest(nil)
	if want := (SyncRequest{Empty: true, Wait: -1, Interval: -1}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got.Hold() != 0 || len(got.Append(nil, "14.1")) != 0 {
		t.Errorf("it holds for %s and is written as %x", got.Hold(), got.Append(nil, "14.1"))
	}
	if got, err := ParseSyncRequest(document(t, `<Sync xmlns="AirSync"/>`)); err != nil || got.Empty {
		t.Errorf("an empty Sync element: %+v, %v", got, err)
	}
}

// Scenario 29: whether a Sync hangs is said by the request, not by a version.
func TestHoldIsWhatTheSyncAsksFor(t *testing.T) {
	f := func(elements string, want time.Duration) {
		t.Helper()
		r, err := ParseSyncRequest(document(t, `<Sync xmlns="AirSync">`+elements+`</Sync>`))
		if err != nil || r.Hold() != want {
			t.Errorf("%s: holds for %s, %v; want %s", elements, r.Hold(), err, want)
		}
	}
	f("", 0)
	f("<Wait>1</Wait>", time.Minute)
	f("<Wait>59</Wait>", 59*time.Minute)
	f("<Wait>60</Wait>", time.Hour) // out of range: Status 14 is the server's business
	f("<HeartbeatInterval>60</HeartbeatInterval>", time.Minute)
	f("<HeartbeatInterval>3540</HeartbeatInterval>", 59*time.Minute)
	f("<HeartbeatInterval>30</HeartbeatInterval>", 30*time.Second)
	f("<Wait>8</Wait><HeartbeatInterval>480</HeartbeatInterval>", 0) // both: Status 4
	f("<Wait>8</Wait><HeartbeatInterval/>", 0)
	f("<Wait>abc</Wait><HeartbeatInterval>480</HeartbeatInterval>", 0)
	for _, odd := range []string{"0", "-1", "-8", "", "abc", "1.5", " 8x", "0x8"} {
		f("<Wait>"+odd+"</Wait>", 0)
		f("<HeartbeatInterval>"+odd+"</HeartbeatInterval>", 0)
	}
	huge := "99999999999999999999"
	for _, element := range []string{"Wait", "HeartbeatInterval"} {
		r, err := ParseSyncRequest(document(t, fmt.Sprintf(`<Sync xmlns="AirSync"><%s>%s</%s></Sync>`, element, huge, element)))
		if err != nil || r.Hold() < 50*365*24*time.Hour {
			t.Errorf("a huge %s holds for %s, %v", element, r.Hold(), err)
		}
	}
	if hold := (&SyncRequest{}).Hold(); hold != 0 {
		t.Errorf("the zero request holds for %s", hold)
	}
}

// MS-ASCMD 3.1.5.4: a request with changes of its own is answered at once,
// unless they are flags only. Flags are Commands all the same.
func TestChangesAreMoreThanFlags(t *testing.T) {
	f := func(commands string, want bool) {
		t.Helper()
		r, err := ParseSyncRequest(document(t, `<Sync xmlns="AirSync" xmlns:e="Email"><Collections><Collection>
			<SyncKey>1</SyncKey><CollectionId>5</CollectionId>`+commands+`</Collection></Collections></Sync>`))
		if err != nil || r.Changes() != want {
			t.Errorf("%s: %v, %v; want %v", commands, r.Changes(), err, want)
		}
		if has := strings.Contains(commands, "</Commands>"); r.Collections[0].Commands != has {
			t.Errorf("%s: Commands is %v", commands, !has)
		}
	}
	change := func(data string) string {
		return `<Commands><Change><ServerId>5:1</ServerId><ApplicationData>` + data + `</ApplicationData></Change></Commands>`
	}
	f("", false)
	f("<Commands/>", false)
	f(change(`<e:Read>1</e:Read>`), false)
	f(change(`<e:Flag/>`), false)
	f(change(`<e:Flag><e:Status>2</e:Status><e:FlagType>f</e:FlagType></e:Flag><e:Read>0</e:Read>`), false)
	f(change(`<e:Read>1</e:Read>`)+change(`<e:Subject>s</e:Subject>`), true)
	f(change(`<e:Categories/>`), true)
	f(change(`<Subject xmlns="Calendar">s</Subject>`), true)
	f(`<Commands><Delete><ServerId>5:1</ServerId></Delete></Commands>`, true)
	f(`<Commands><Fetch><ServerId>5:1</ServerId></Fetch></Commands>`, true)
	f(`<Commands><Add><ClientId>1</ClientId><ApplicationData><e:Read>1</e:Read></ApplicationData></Add></Commands>`, true)
}

func TestGetChangesHasTheDefaultOfTheSpecification(t *testing.T) {
	f := func(elements string, want bool) {
		t.Helper()
		r, err := ParseSyncRequest(document(t, `<Sync xmlns="AirSync"><Collections><Collection>`+elements+
			`</Collection></Collections></Sync>`))
		if err != nil || r.Collections[0].GetChanges != want {
			t.Errorf("%s: %v, %v; want %v", elements, r.Collections[0].GetChanges, err, want)
		}
	}
	f(`<SyncKey>0</SyncKey>`, false)
	f(`<SyncKey>0</SyncKey><GetChanges/>`, true)
	f(`<SyncKey>0</SyncKey><GetChanges>1</GetChanges>`, true)
	f(`<SyncKey>1</SyncKey>`, true)
	f(`<GetChanges>0</GetChanges><SyncKey>1</SyncKey>`, false)
	f(`<SyncKey>1</SyncKey><GetChanges></GetChanges>`, true)
}

func TestASyncRequestSurvivesTheRoundTrip(t *testing.T) {
	f := func(r SyncRequest, versions ...string) {
		t.Helper()
		for _, version := range versions {
			got, err := ParseSyncRequest(r.Append(nil, version))
			if err != nil || !reflect.DeepEqual(got, r) {
				t.Errorf("%s\ngot  %+v, %v\nwant %+v", version, got, err, r)
			}
		}
	}
	filtered := collection("5", "Email", "77")
	filtered.FilterType = 0
	quiet := collection("6", "", "78")
	quiet.GetChanges = false
	eager := collection("7", "Calendar", "0")
	eager.GetChanges = true
	all := []string{"2.5", "12.0", "12.1", "14.0", "14.1", "16.1", ""}
	f(SyncRequest{Wait: -1, Interval: 540, WindowSize: 25, Collections: []SyncCollection{filtered, quiet, eager}}, all...)
	f(SyncRequest{Wait: 8, Interval: -1, Partial: true}, all...)
	f(SyncRequest{Wait: -1, Interval: -1, Empty: true}, all...)

	old := (&SyncRequest{Collections: []SyncCollection{filtered}}).Append(nil, "12.1")
	text := `<Sync xmlns="AirSync"><Collections><Collection><Class>Email</Class><SyncKey>77</SyncKey>
		<CollectionId>5</CollectionId><Options><FilterType>0</FilterType></Options></Collection></Collections></Sync>`
	if want := document(t, text); string(old) != string(want) {
		t.Errorf("the old layout is\n%x, want\n%x", old, want)
	}
}

func TestASyncThatCannotBeReadIsAnError(t *testing.T) {
	body := document(t, `<Sync xmlns="AirSync"><Wait>8</Wait><Partial/></Sync>`)
	for n := 1; n < len(body); n++ {
		var syntax *wbxml.SyntaxError
		if _, err := ParseSyncRequest(body[:n]); !errors.As(err, &syntax) || syntax.Reason != wbxml.Truncated {
			t.Errorf("%d bytes of it: %v", n, err)
		}
	}
	if _, err := ParseSyncRequest(document(t, `<Ping xmlns="Ping"/>`)); !errors.Is(err, ErrDocument) {
		t.Errorf("a Ping: %v", err)
	}
	got, err := ParseSyncRequest([]byte(string(body[:len(body)-1]) + "\x02"))
	if err == nil || got.Wait != 8 || !strings.HasPrefix(err.Error(), "eas: AirSync:Sync: wbxml: byte ") {
		t.Errorf("an entity at the end: %+v, %v", got, err)
	}
	if got, err := ParseSyncRequest(append(body, "tail"...)); err != nil || got.Wait != 8 {
		t.Errorf("a tail: %+v, %v", got, err)
	}
}

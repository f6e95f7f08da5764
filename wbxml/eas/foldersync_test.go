package eas

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestFolderSyncRequestIsReadAndWritten(t *testing.T) {
	body := document(t, `<FolderSync xmlns="FolderHierarchy"><SyncKey>0</SyncKey></FolderSync>`)
	got, err := ParseFolderSyncRequest(body)
	if err != nil || got.SyncKey != "0" {
		t.Errorf("got %+v, %v", got, err)
	}
	if again := got.Append(nil); string(again) != string(body) {
		t.Errorf("written as %x, was %x", again, body)
	}
	if _, err := ParseFolderSyncRequest(nil); err == nil {
		t.Error("no body is read")
	}
}

func TestFolderSyncResponseIsReadAndWritten(t *testing.T) {
	f := func(text string, want FolderSyncResponse) {
		t.Helper()
		body := document(t, text)
		got, err := ParseFolderSyncResponse(body)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %+v, %v\nwant %+v", text, got, err, want)
		}
		if again := want.Append(nil); string(again) != string(body) {
			t.Errorf("%s\nwritten as %x, want %x", text, again, body)
		}
	}
	// The example of MS-ASCMD 4.4.2, shortened, with all kinds of changes.
	f(`<FolderSync xmlns="FolderHierarchy"><Status>1</Status><SyncKey>2</SyncKey><Changes><Count>4</Count>
		<Update><ServerId>12</ServerId><ParentId>5</ParentId><DisplayName>Neu</DisplayName><Type>12</Type></Update>
		<Delete><ServerId>9</ServerId></Delete>
		<Add><ServerId>1</ServerId><ParentId>0</ParentId><DisplayName>Calendar</DisplayName><Type>8</Type></Add>
		<Add><ServerId>RI</ServerId><ParentId>0</ParentId><DisplayName>RI</DisplayName><Type>19</Type></Add>
		</Changes></FolderSync>`,
		FolderSyncResponse{Status: FolderSyncSuccess, SyncKey: "2",
			Update: []Folder{{ID: "12", ParentID: "5", Name: "Neu", Type: FolderUserMail}},
			Delete: []string{"9"},
			Add: []Folder{{ID: "1", ParentID: "0", Name: "Calendar", Type: FolderCalendar},
				{ID: "RI", ParentID: "0", Name: "RI", Type: FolderRecipientCache}}})
	f(`<FolderSync xmlns="FolderHierarchy"><Status>1</Status><SyncKey>2</SyncKey><Changes><Count>0</Count></Changes></FolderSync>`,
		FolderSyncResponse{Status: FolderSyncSuccess, SyncKey: "2"})
	f(`<FolderSync xmlns="FolderHierarchy"><Status>9</Status></FolderSync>`, FolderSyncResponse{Status: FolderSyncInvalidKey})
	f(`<FolderSync xmlns="FolderHierarchy"><Status>142</Status></FolderSync>`,
		FolderSyncResponse{Status: StatusDeviceNotProvisioned})
}

func TestAFolderSyncResponseWithoutStatusIsAnError(t *testing.T) {
	for _, text := range []string{`<FolderSync xmlns="FolderHierarchy"/>`,
		`<FolderSync xmlns="FolderHierarchy"><SyncKey>1</SyncKey></FolderSync>`,
		`<FolderSync xmlns="FolderHierarchy"><Status>no</Status></FolderSync>`,
		`<FolderSync xmlns="FolderHierarchy"><Changes><Status>1</Status></Changes></FolderSync>`} {
		if got, err := ParseFolderSyncResponse(document(t, text)); err == nil {
			t.Errorf("%s is read as %+v", text, got)
		}
	}
}

// What lies where it does not belong makes neither a folder nor a panic.
func TestFolderSyncPassesOverWhatItDoesNotKnow(t *testing.T) {
	got, err := ParseFolderSyncResponse(document(t, `<FolderSync xmlns="FolderHierarchy"><ServerId>1</ServerId>
		<Add><ServerId>2</ServerId></Add><Changes><ServerId>3</ServerId><Folder><ServerId>4</ServerId></Folder>
		<Add><ServerId>5</ServerId><Type>x</Type><Add><ServerId>6</ServerId></Add></Add><Delete/></Changes>
		<Status>1</Status></FolderSync>`))
	want := FolderSyncResponse{Status: 1, Add: []Folder{{ID: "5"}}, Delete: []string{""}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestFolderSyncDocumentsOfOthersAreRead(t *testing.T) {
	dir := filepath.Dir(corpus(t, "documents"))
	data, err := os.ReadFile(filepath.Join(dir, "documents", "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest []struct{ File, Root, XML string }
	if err := json.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	folders := 0
	for _, m := range manifest {
		var seen struct {
			Status  FolderSyncStatus
			SyncKey string
			Add     []struct {
				ID       string `xml:"ServerId"`
				ParentID string `xml:"ParentId"`
				Name     string `xml:"DisplayName"`
				Type     FolderType
			} `xml:"Changes>Add"`
		}
		if m.Root != "FolderSync" {
			continue
		}
		if err := xml.Unmarshal([]byte(m.XML), &seen); err != nil {
			t.Fatal(err)
		}
		body, err := os.ReadFile(filepath.Join(dir, m.File))
		if err != nil {
			t.Fatal(err)
		}
		want := FolderSyncResponse{Status: seen.Status, SyncKey: seen.SyncKey}
		for _, f := range seen.Add {
			want.Add = append(want.Add, Folder(f))
		}
		folders += len(want.Add)
		got, err := ParseFolderSyncResponse(body)
		if !reflect.DeepEqual(got, want) || (err != nil) != (want.Status == 0) {
			t.Errorf("%s\ngot  %+v, %v\nwant %+v", m.XML, got, err, want)
		}
	}
	if folders < 30 {
		t.Errorf("only %d folders were read", folders)
	}
}

package eas

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/diastole/diastole/wbxml"
)

// document makes WBXML of XML, so that a test shows what is on the wire:
// namespaces are code pages, <x/> is an empty element, text is STR_I.
func document(t testing.TB, text string) []byte {
	t.Helper()
	enc := wbxml.AppendTo(nil)
	in := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := in.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			page, tag, ok := Lookup(token.Name.Space, token.Name.Local)
			if !ok {
				t.Fatalf("%s:%s is no element of ActiveSync", token.Name.Space, token.Name.Local)
			}
			enc.Start(page, tag)
		case xml.EndElement:
			enc.End()
		case xml.CharData:
			if s := strings.TrimSpace(string(token)); s != "" {
				enc.Text(s)
			}
		}
	}
	if err := enc.Err(); err != nil {
		t.Fatal(err)
	}
	return enc.Bytes()
}

// pingDocument reads one of the documents whose readings are in testdata/ping.json.
func pingDocument(t testing.TB, name string) []byte {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTagsAreThoseOfTheCodePages(t *testing.T) {
	for tag, name := range map[tag]string{
		airSync: "AirSync:Sync", airSyncAdd: "AirSync:Add", airSyncChange: "AirSync:Change",
		airSyncSyncKey: "AirSync:SyncKey", airSyncServerID: "AirSync:ServerId", airSyncStatus: "AirSync:Status",
		airSyncCollection: "AirSync:Collection", airSyncClass: "AirSync:Class",
		airSyncCollectionID: "AirSync:CollectionId", airSyncGetChanges: "AirSync:GetChanges",
		airSyncMoreAvailable: "AirSync:MoreAvailable", airSyncWindowSize: "AirSync:WindowSize",
		airSyncCommands: "AirSync:Commands", airSyncOptions: "AirSync:Options",
		airSyncFilterType: "AirSync:FilterType", airSyncCollections: "AirSync:Collections",
		airSyncApplicationData: "AirSync:ApplicationData", airSyncWait: "AirSync:Wait",
		airSyncLimit: "AirSync:Limit", airSyncPartial: "AirSync:Partial",
		airSyncHeartbeatInterval: "AirSync:HeartbeatInterval",
		emailRead:                "Email:Read", emailFlag: "Email:Flag",
		estimate: "GetItemEstimate:GetItemEstimate", estimateCollections: "GetItemEstimate:Collections",
		estimateCollection: "GetItemEstimate:Collection", estimateClass: "GetItemEstimate:Class",
		estimateCollectionID: "GetItemEstimate:CollectionId", estimateEstimate: "GetItemEstimate:Estimate",
		estimateResponse: "GetItemEstimate:Response", estimateStatus: "GetItemEstimate:Status",
		folderDisplayName: "FolderHierarchy:DisplayName", folderServerID: "FolderHierarchy:ServerId",
		folderParentID: "FolderHierarchy:ParentId", folderType: "FolderHierarchy:Type",
		folderStatus: "FolderHierarchy:Status", folderChanges: "FolderHierarchy:Changes",
		folderAdd: "FolderHierarchy:Add", folderDelete: "FolderHierarchy:Delete",
		folderUpdate: "FolderHierarchy:Update", folderSyncKey: "FolderHierarchy:SyncKey",
		folderSync: "FolderHierarchy:FolderSync", folderCount: "FolderHierarchy:Count",
		ping: "Ping:Ping", pingStatus: "Ping:Status", pingHeartbeatInterval: "Ping:HeartbeatInterval",
		pingFolders: "Ping:Folders", pingFolder: "Ping:Folder", pingID: "Ping:Id", pingClass: "Ping:Class",
		pingMaxFolders: "Ping:MaxFolders",
		13<<8 | 0x3F:   "element 0x3f of page 13",
	} {
		if tag.String() != name {
			t.Errorf("%#04x is %s, not %s", uint16(tag), tag, name)
		}
	}
}

func TestOnlyPlainDecimalNumbersAreNumbers(t *testing.T) {
	f := func(text string, want int) {
		t.Helper()
		if got := decimal([]byte(text)); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
	f("0", 0)
	f("1", 1)
	f("480", 480)
	f("0480", 480)
	f("2147483647", 1<<31-1)
	f("2147483648", 1<<31-1)
	f("99999999999999999999999999999999999999", 1<<31-1)
	for _, odd := range []string{"", "-1", "-100", "+300", " 480", "480 ", "\n470\n", "1e3", "60.5", "abc", "0x10", "4\x000", "٤٨٠"} {
		f(odd, -1)
	}
}

func TestEveryStatusHasAText(t *testing.T) {
	all := map[string]int{}
	for n := 1; n <= 8; n++ {
		all[PingStatus(n).String()]++
	}
	if len(all) != 8 || all["changes"] != 1 {
		t.Errorf("Ping has the texts %v", all)
	}
	for n := 101; n <= 177; n++ {
		unassigned := n >= 157 && n <= 159
		text := SyncStatus(n).String()
		if strings.HasPrefix(text, "status ") != unassigned {
			t.Errorf("%d is %q", n, text)
		}
		if PingStatus(n).String() != text || FolderSyncStatus(n).String() != text ||
			EstimateStatus(n).String() != text || ProvisionStatus(n).String() != text {
			t.Errorf("%d is not the same everywhere", n)
		}
	}
	for text, got := range map[string]string{
		"status 9":                 "" + PingStatus(9).String(),
		"status 0":                 PingStatus(0).String(),
		"status -1":                SyncStatus(-1).String(),
		"wait out of range":        SyncInvalidWait.String(),
		"status 10":                SyncStatus(10).String(),
		"invalid sync key":         FolderSyncInvalidKey.String(),
		"sync state not primed":    EstimateNotPrimed.String(),
		"general server error":     "general " + ProvisionServerError.String(),
		"no policy":                PolicyNone.String(),
		"device not provisioned":   PingStatus(StatusDeviceNotProvisioned).String(),
		"too many collections":     SyncTooManyCollections.String(),
		"folder hierarchy changed": PingHierarchyChanged.String(),
	} {
		if got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
}

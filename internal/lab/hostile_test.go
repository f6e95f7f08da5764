package lab

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
)

// requests are one good document of each command, and none.
func requests() map[string][]*node {
	return map[string][]*node{
		"Sync": {syncBody("5", "1", leaf(syncWindowSize, "9"), el(syncOptions, leaf(syncFilterType, "3")),
			el(syncCommands, el(syncAdd, leaf(syncClientID, "c"), el(syncData, leaf(emailRead, "1"))),
				el(syncChange, leaf(syncServerID, "5:1"), el(syncData, leaf(emailRead, "1"))),
				el(syncDelete, leaf(syncServerID, "5:1")), el(syncFetch, leaf(syncServerID, "5:1")))).
			add(leaf(syncHeartbeat, "60"), el(syncPartial))},
		"Ping":            {pingBody(60, "5", "1")},
		"FolderSync":      {el(folderSync, leaf(folderSyncKey, "0"))},
		"GetItemEstimate": {el(estimateRoot, el(estimateCollections, el(estimateCollection, leaf(syncKey, "1"), leaf(estimateCollectionID, "5"))))},
		"Provision":       {el(provisionRoot, el(provisionPolicies, el(provisionPolicy, leaf(provisionPolicyType, policyType))))},
		"SendMail":        {composed("bert@lab.test", "1", "x")},
		"ItemOperations": {el(itemRoot, el(itemFetch, leaf(itemStore, "Mailbox"), leaf(baseFileReference, "5:1:0"))),
			el(itemRoot, el(itemFetch, leaf(itemStore, "Mailbox"), leaf(syncServerID, "5:1")))},
		"Search":        {el(searchRoot, el(searchStore, leaf(searchName, "Mailbox"), el(searchQuery, leaf(searchFreeText, "x"))))},
		"Settings":      {el(settingsRoot, el(settingsUser, el(settingsGet)), el(settingsOof, el(settingsGet)))},
		"GetAttachment": {el(pingRoot)},
		"SmartReply":    {composed("bert@lab.test", "2", "x")},
	}
}

// net/http would hide a panic, so the handler is called without it.
func TestNoDocumentBreaksTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(ServerConfig{Users: map[string]string{"anna": "secret"}})
		s.Deliver("anna", "", Mail{Subject: "x", Attachments: []Attachment{{Name: "a", Size: 9}}})
		random := rand.New(rand.NewPCG(1, 2))
		for command, docs := range requests() {
			for _, doc := range docs {
				whole := doc.encode()
				s.try(t, command, nil)
				s.try(t, command, whole)
				for range 300 {
					s.try(t, command, mutate(random, whole))
				}
			}
		}
	})
}

// mutate changes, cuts or repeats a few bytes behind the header.
func mutate(random *rand.Rand, doc []byte) []byte {
	doc = bytes.Clone(doc)
	for range 1 + random.IntN(3) {
		at := 4 + random.IntN(len(doc)-4)
		switch random.IntN(4) {
		case 0:
			doc[at] = byte(random.IntN(256))
		case 1:
			doc = append(doc[:at:at], doc[min(at+1+random.IntN(4), len(doc)):]...)
		case 2:
			doc = append(doc[:at:at], append([]byte{doc[at], doc[at]}, doc[at:]...)...)
		case 3:
			doc = append(doc, 0)
		}
		if len(doc) < 6 {
			return doc
		}
	}
	return doc
}

func (s *Server) try(t *testing.T, command string, body []byte) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/Microsoft-Server-ActiveSync?Cmd="+command+"&DeviceId=d&User=anna", bytes.NewReader(body))
	r.SetBasicAuth("anna", "secret")
	r.Header.Set("Content-Type", wbxmlType)
	r.Header.Set("MS-ASProtocolVersion", []string{"2.5", "12.1", "14.1"}[len(body)%3])
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code == 0 {
		t.Errorf("%s %x: no answer", command, body)
	}
}

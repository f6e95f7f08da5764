package eas

// tagLimit is one past the largest tag: six bits (WAP-192-WBXML 5.8.2).
const tagLimit = 0x40

// words is one code page: a name for each tag, "" where there is none. Tags start at 0x05; below are the global tokens.
type words struct {
	namespace string
	names     [tagLimit]string
}

// codePages are all that MS-ASWBXML 2.1.2.1 defines, in all protocol versions up to 16.1.
var codePages = [...]*words{
	0: &wordsAirSync, 1: &wordsContacts, 2: &wordsEmail, 3: &wordsAirNotify, 4: &wordsCalendar,
	5: &wordsMove, 6: &wordsGetItemEstimate, 7: &wordsFolderHierarchy, 8: &wordsMeetingResponse, 9: &wordsTasks,
	10: &wordsResolveRecipients, 11: &wordsValidateCert, 12: &wordsContacts2, 13: &wordsPing, 14: &wordsProvision,
	15: &wordsSearch, 16: &wordsGAL, 17: &wordsAirSyncBase, 18: &wordsSettings, 19: &wordsDocumentLibrary,
	20: &wordsItemOperations, 21: &wordsComposeMail, 22: &wordsEmail2, 23: &wordsNotes,
	24: &wordsRightsManagement, 25: &wordsFind,
}

// TagName gives what a tag is called: TagName(13, 0x08) is "Ping", "HeartbeatInterval". For an unknown tag of a
// known page ns is still the page's; ok says whether both are known.
func TagName(page, tag byte) (ns, name string, ok bool) {
	if int(page) >= len(codePages) {
		return "", "", false
	}
	w := codePages[page]
	if tag >= tagLimit || w.names[tag] == "" {
		return w.namespace, "", false
	}
	return w.namespace, w.names[tag], true
}

// Lookup is the way back: Lookup("Ping", "HeartbeatInterval") is 13, 0x08. Names are compared exactly.
func Lookup(ns, name string) (page, tag byte, ok bool) {
	for p, w := range codePages {
		if w.namespace != ns || name == "" {
			continue
		}
		for t, n := range w.names {
			if n == name {
				return byte(p), byte(t), true
			}
		}
	}
	return 0, 0, false
}

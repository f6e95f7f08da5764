package jmap

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

// sessionDocument is what is read of the session resource (RFC 8620 section 2).
type sessionDocument struct {
	Accounts map[string]struct {
		IsPersonal   bool                `json:"isPersonal"`
		Capabilities map[string]struct{} `json:"accountCapabilities"`
	} `json:"accounts"`
	Primary map[string]string `json:"primaryAccounts"`
	API     string            `json:"apiUrl"`
	Events  string            `json:"eventSourceUrl"` // a URI template
}

// session is what we need of it.
type session struct {
	api    *url.URL
	events *url.URL // nil: the server names none
	using  []string
	types  []string
	slots  []slot
	covers wake.Classes
}

// slot is one state that is followed.
type slot struct {
	account, name string
	classes       wake.Classes // whom a change concerns
	get           bool         // the type has a /get method that tells the state
}

// kind is a sort of data that JMAP knows.
type kind struct {
	capability string
	classes    wake.Classes
	types      []string // with a /get method
	told       []string // without one
}

// kinds are those that a phone waits on. Email's state is one for the whole account,
// so a change in any folder wakes who waits on the inbox alone. EmailDelivery has
// nothing that Email has not (RFC 8621 1.5); it is asked for because a server may tell
// of it at once and of Email later.
var kinds = []kind{
	{"urn:ietf:params:jmap:mail", wake.Inbox | wake.Mail, []string{"Email", "Mailbox"}, []string{"EmailDelivery"}},
	{"urn:ietf:params:jmap:calendars", wake.Other, []string{"CalendarEvent", "Calendar"}, nil}, // draft-ietf-jmap-calendars
	{"urn:ietf:params:jmap:contacts", wake.Other, []string{"ContactCard", "AddressBook"}, nil}, // RFC 9610
}

const (
	coreCapability = "urn:ietf:params:jmap:core"
	mostAccounts   = 4   // of one kind
	longestID      = 255 // RFC 8620 1.2
)

// pingInterval is what is asked for. RFC 8620 7.3: no server may make more of 30 s.
const pingInterval = 30 * time.Second

// read takes from the document, which lies at a URL, what is needed.
func (c *client) read(doc *sessionDocument, at *url.URL) (*session, error) {
	s := &session{using: []string{coreCapability}}
	var found wake.Classes
	missing := false
	for _, k := range kinds {
		accounts := doc.accounts(k.capability)
		if len(accounts) == 0 {
			missing = missing || k.classes == wake.Other
			continue
		}
		found |= k.classes
		s.using = append(s.using, k.capability)
		s.types = append(append(s.types, k.types...), k.told...)
		for _, account := range accounts {
			for _, name := range k.types {
				s.slots = append(s.slots, slot{account, name, k.classes, true})
			}
			for _, name := range k.told {
				s.slots = append(s.slots, slot{account, name, k.classes, false})
			}
		}
	}
	if found == 0 {
		return nil, &failure{why: "unsupported", pause: rest, what: "the session has no account with mail, calendars or contacts"}
	}
	if s.covers = found; missing { // Other is both; contacts that nobody tells of must be looked for
		s.covers &^= wake.Other
	}
	var err error
	if s.api, err = c.at(at, doc.API); err != nil {
		return nil, err
	}
	if doc.Events != "" {
		s.events, err = c.at(at, expand(doc.Events, s.types))
	}
	return s, err
}

// accounts are those of the user himself with a capability: the primary one, or, from
// servers that name none, all that are personal. What others share with him is left
// out: it is seldom among a phone's folders, and each change there would be a wake.
func (d *sessionDocument) accounts(capability string) (ids []string) {
	if id := d.Primary[capability]; id != "" && len(id) <= longestID {
		return []string{id}
	}
	for id, a := range d.Accounts {
		if _, has := a.Capabilities[capability]; has && a.IsPersonal && len(id) <= longestID {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[:min(len(ids), mostAccounts)]
}

// expand fills the URI template (RFC 8620 7.3; RFC 6570, level 1: values are escaped).
func expand(template string, types []string) string {
	return strings.NewReplacer(
		"{types}", url.QueryEscape(strings.Join(types, ",")),
		"{closeafter}", "no",
		"{ping}", strconv.Itoa(int(pingInterval/time.Second)),
	).Replace(template)
}

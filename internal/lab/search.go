package lab

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// searchMost bounds one answer; clients page with Range.
const searchMost = 100

// search looks in the mailbox or in the address book (MS-ASCMD 2.2.1.16).
func (c *call) search() *answer {
	store := c.doc.child(searchStore)
	text := strings.ToLower(store.value(searchQuery)) // the address book's query is text, the mailbox's a tree
	if free := freeText(store.child(searchQuery)); free != "" {
		text = strings.ToLower(free)
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	var results []*node
	switch strings.ToLower(store.value(searchName)) {
	case "gal":
		results = c.searchPeople(text)
	case "mailbox":
		results = c.searchMail(text)
	default:
		return reply(el(searchRoot, leaf(searchStatus, "1"),
			el(searchResponse, el(searchStore, leaf(searchStatus, "2"))))) // no such store
	}
	total := len(results)
	results = results[:min(total, searchMost)]
	answer := el(searchStore, leaf(searchStatus, "1")).add(results...)
	if len(results) > 0 {
		answer.add(leaf(searchRange, fmt.Sprintf("0-%d", len(results)-1)), leaf(searchTotal, strconv.Itoa(total)))
	} else {
		answer.add(el(searchResult)) // the schema wants one, empty when nothing was found
	}
	return reply(el(searchRoot, leaf(searchStatus, "1"), el(searchResponse, answer)))
}

// freeText finds the words of a mailbox query below its And and Or.
func freeText(n *node) string {
	if n == nil {
		return ""
	}
	for _, k := range n.kids {
		if k.tag == searchFreeText {
			return string(k.text)
		}
		if t := freeText(k); t != "" {
			return t
		}
	}
	return ""
}

func (c *call) searchPeople(text string) (results []*node) {
	for _, user := range slices.Sorted(maps.Keys(c.server.boxes)) {
		if text != "" && strings.Contains(strings.ToLower(user), text) {
			results = append(results, el(searchResult, el(searchProperties,
				leaf(galDisplayName, user), leaf(galAddress, c.server.Address(user)))))
		}
	}
	return results
}

func (c *call) searchMail(text string) (results []*node) {
	for _, f := range c.box.folders {
		for _, it := range f.order {
			if text == "" || it.mail == nil || !strings.Contains(strings.ToLower(it.mail.Subject+"\n"+it.mail.Body), text) {
				continue
			}
			results = append(results, el(searchResult, leaf(syncClass, "Email"), leaf(searchLongID, it.id),
				leaf(syncCollectionID, f.id), el(searchProperties, it.properties(c.version(), false)...)))
		}
	}
	return results
}

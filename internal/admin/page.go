package admin

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// How many items one answer has. A fleet may be a million phones, and whoever asks
// for all of them at once gets the first MaxItems and is told that there are more.
const (
	DefaultItems = 100
	MaxItems     = 1000
)

const (
	// longestSearch is longer than any name that is kept.
	longestSearch = 256
	// farthest is how many items may be left out: as many devices as are followed.
	farthest = 1_000_000
)

// Page says which part of all items an answer holds.
type Page struct {
	Offset int  `json:"offset"` // how many items were left out before the first
	Limit  int  `json:"limit"`  // how many there may be at most
	Total  int  `json:"total"`  // how many were found
	More   bool `json:"more"`   // there are others behind the last
}

// request is what a page was asked for.
type request struct {
	Page
	search      string // in lower case; "" finds everything
	hexadecimal bool   // a hash may have it
	sort        string // one of the orders; "" is the one heard of last first
	descending  bool
	query       url.Values
}

// pageAsked reads limit, offset, q, sort and order. It answers a request that makes
// no sense itself, and is false then: to guess would show a script the wrong page for
// ever.
func pageAsked(w http.ResponseWriter, r *http.Request, orders ...string) (asked request, ok bool) {
	asked.query = r.URL.Query()
	asked.Limit, ok = whole(w, asked.query, number{"limit", DefaultItems, 1, math.MaxInt})
	if ok {
		asked.Offset, ok = whole(w, asked.query, number{"offset", 0, 0, farthest})
	}
	if !ok {
		return asked, false
	}
	asked.Limit = min(asked.Limit, MaxItems)
	asked.search = strings.ToLower(asked.query.Get("q"))
	asked.hexadecimal = strings.Trim(asked.search, "0123456789abcdef") == ""
	if len(asked.search) > longestSearch {
		sayWrong(w, fmt.Sprintf("q must not be longer than %d bytes", longestSearch), "search for less")
		return asked, false
	}
	return asked, asked.ordered(w, orders)
}

// ordered reads sort and order.
func (r *request) ordered(w http.ResponseWriter, orders []string) bool {
	r.sort = r.query.Get("sort")
	switch order := r.query.Get("order"); {
	case r.sort != "" && !slices.Contains(orders, r.sort):
		sayWrong(w, fmt.Sprintf("sort must not be %q", r.sort), "use one of: "+strings.Join(orders, ", "))
		return false
	case order != "" && order != "asc" && order != "desc":
		sayWrong(w, fmt.Sprintf("order must not be %q", order), "use asc or desc")
		return false
	case r.sort == "seen" && order != "asc":
		r.sort = "" // as they come
	default:
		r.descending = order == "desc"
	}
	return true
}

// number is a parameter of a query that is one.
type number struct {
	name                     string
	otherwise, least, utmost int
}

func whole(w http.ResponseWriter, query url.Values, n number) (value int, ok bool) {
	text := query.Get(n.name)
	if text == "" {
		return n.otherwise, true
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < n.least || value > n.utmost {
		detail := fmt.Sprintf("%s must be a whole number from %d", n.name, n.least)
		if n.utmost < math.MaxInt {
			detail += fmt.Sprintf(" to %d", n.utmost)
		}
		remedy := "leave it out"
		if n.otherwise >= n.least {
			remedy = fmt.Sprintf("leave it out for %d", n.otherwise)
		}
		sayWrong(w, detail, remedy)
		return 0, false
	}
	return value, true
}

// found tells whether one of the names has what is searched for in it.
func (r *request) found(names ...string) bool {
	for _, name := range names {
		if has(name, r.search) {
			return true
		}
	}
	return false
}

// has tells whether a name has something in it that is written in lower case. It makes
// no copy of a name that has capitals: of 50,000 devices most have, and copies were a third of a search.
func has(name, lower string) bool {
	if lower == "" || lower[0] >= utf8.RuneSelf {
		return strings.Contains(strings.ToLower(name), lower)
	}
	capital := lower[0]
	if 'a' <= capital && capital <= 'z' {
		capital -= 'a' - 'A'
	}
	for i := 0; i+len(lower) <= len(name); i++ {
		if (name[i] == lower[0] || name[i] == capital) && strings.EqualFold(name[i:i+len(lower)], lower) {
			return true
		}
	}
	return false
}

// ranked is an item by its place in an order.
type ranked[T any] struct {
	item   T
	text   string
	number float64
	turn   int // in which it came: equals keep their order from page to page
}

// shown collects the items of one page from all that are found, and keeps no more of
// them than it must: twice those up to the page's end.
type shown[T any] struct {
	request *request
	best    []ranked[T]
}

// add counts an item in; its rank is asked for only where there is an order.
func (s *shown[T]) add(item T, rank func() (text string, number float64)) {
	r := s.request
	turn := r.Total
	r.Total++
	if r.sort == "" {
		if turn >= r.Offset && turn < r.Offset+r.Limit {
			s.best = append(s.best, ranked[T]{item: item})
		}
		return
	}
	x := ranked[T]{item: item, turn: turn}
	x.text, x.number = rank()
	s.best = append(s.best, x)
	if len(s.best) >= 2*(r.Offset+r.Limit) {
		s.best = s.first(r.Offset + r.Limit)
	}
}

// first are the first n by the order.
func (s *shown[T]) first(n int) []ranked[T] {
	slices.SortFunc(s.best, func(a, b ranked[T]) int {
		by := cmp.Or(cmp.Compare(a.text, b.text), cmp.Compare(a.number, b.number))
		if s.request.descending {
			by = -by
		}
		return cmp.Or(by, cmp.Compare(a.turn, b.turn))
	})
	return s.best[:min(n, len(s.best))]
}

// page is what is to be shown, and says in the request whether there is more.
func (s *shown[T]) page() (items []T) {
	r := s.request
	r.More = r.Total > r.Offset+r.Limit
	best := s.best
	if r.sort != "" {
		best = s.first(r.Offset + r.Limit)
		best = best[min(r.Offset, len(best)):]
	}
	for _, x := range best {
		items = append(items, x.item)
	}
	return items
}

package admin

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
)

// Named is the body of POST /api/v1/whois and /api/v1/forget: a user, as the phones
// sign in.
type Named struct {
	User string `json:"user"`
}

// Whois is the answer to POST /api/v1/whois: how a user, or a device by its id, is
// written in the log, and the devices that there are.
type Whois struct {
	User    string   `json:"user"`    // as it was asked for
	Shown   []string `json:"shown"`   // as log.users writes it: one, or more where the name may be written in several ways
	More    bool     `json:"more"`    // there are more devices than are shown
	Devices []Device `json:"devices"` // the one heard of last first, at most MaxItems
}

func (a *api) whois(w http.ResponseWriter, r *http.Request) {
	user, ok := userAsked(w, r)
	if !ok {
		return
	}
	a.looking(func(w http.ResponseWriter, r *http.Request) { a.named(w, r, user) })(w, r)
}

func (a *api) named(w http.ResponseWriter, r *http.Request, user string) {
	names := []string{user}
	if a.Spellings != nil {
		names = a.Spellings(user)
	}
	answer := Whois{User: user, Shown: []string{}, Devices: []Device{}}
	for h := range a.Devices.Habits {
		if r.Context().Err() != nil {
			return
		}
		if !slices.Contains(names, h.Key.Principal) && !slices.Contains(names, h.Key.Device) {
			continue
		}
		if answer.More = len(answer.Devices) >= MaxItems; answer.More {
			break
		}
		if k, s, known := a.Devices.ByID(h.ID); known {
			answer.Devices = append(answer.Devices, a.deviceOf(k, s))
		}
	}
	for _, name := range names { // those in the log who have no device are here too
		if shown := a.User(name); !slices.Contains(answer.Shown, shown) {
			answer.Shown = append(answer.Shown, shown)
		}
	}
	sayJSON(w, answer)
}

// longestName is room for a name of 255 bytes with each of them escaped.
const longestName = 4 << 10

// userAsked reads the user that a POST is about.
func userAsked(w http.ResponseWriter, r *http.Request) (user string, ok bool) {
	// A browser sends this type to another site only after it has asked that, and
	// here nobody says yes: where there is no token, any page could forget users.
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		sayProblem(w, http.StatusUnsupportedMediaType, "the body must be JSON", "send Content-Type: application/json")
		return "", false
	}
	named, err := readNamed(http.MaxBytesReader(w, r.Body, longestName))
	if err != nil {
		sayWrong(w, "the body cannot be read: "+err.Error(), `send {"user": "NAME"}`)
		return "", false
	}
	return named.User, true
}

func readNamed(body io.Reader) (named Named, err error) {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields() // "users" would be a user without a name
	if err := d.Decode(&named); err != nil {
		return named, err
	}
	if _, err := d.Token(); err != io.EOF {
		return named, fmt.Errorf("more follows")
	}
	if named.User == "" {
		return named, fmt.Errorf("the name is empty")
	}
	return named, nil
}

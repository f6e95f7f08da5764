package admin

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// Forget is the body of POST /api/v1/forget.
type Forget struct {
	User string `json:"user"` // as the phones sign in
}

// Forgotten is its answer: how much was known of the user, and is not any more.
type Forgotten struct {
	User       string `json:"user"`       // as it was asked for
	Followed   int    `json:"followed"`   // devices whose negotiation was followed
	Remembered int    `json:"remembered"` // devices whose sync keys and folders were known
	Stored     int    `json:"stored"`     // rows of state.path
}

// longestForget is room for a name of 255 bytes with each of them escaped.
const longestForget = 4 << 10

func (l *Learned) forget(w http.ResponseWriter, r *http.Request) {
	// A browser sends this type to another site only after it has asked that, and
	// here nobody says yes: where there is no token, any page could forget users.
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		sayError(w, http.StatusUnsupportedMediaType, "send application/json")
		return
	}
	asked, err := readForget(http.MaxBytesReader(w, r.Body, longestForget))
	if err != nil {
		sayWrong(w, `the body must be {"user": "NAME"}: `+err.Error())
		return
	}
	done, err := l.Forget(asked.User)
	if err != nil {
		sayError(w, http.StatusInternalServerError, err.Error()+"; not all is forgotten: ask again")
		return
	}
	sayJSON(w, http.StatusOK, done)
}

func readForget(body io.Reader) (asked Forget, err error) {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields() // "users" would be a user without a name
	if err := d.Decode(&asked); err != nil {
		return asked, err
	}
	if _, err := d.Token(); err != io.EOF {
		return asked, fmt.Errorf("more follows")
	}
	if asked.User == "" {
		return asked, fmt.Errorf("the name is empty")
	}
	return asked, nil
}

package admin

import "net/http"

// Forgotten is the answer to POST /api/v1/forget: how much was known of the user, and
// is not any more.
type Forgotten struct {
	User       string `json:"user"`       // as it was asked for
	Followed   int    `json:"followed"`   // devices whose negotiation was followed
	Remembered int    `json:"remembered"` // devices whose sync keys and folders were known
	Stored     int    `json:"stored"`     // rows of state.path
}

func (a *api) forget(w http.ResponseWriter, r *http.Request) {
	user, ok := userAsked(w, r)
	if !ok {
		return
	}
	done, err := a.Forget(user)
	if err != nil {
		sayProblem(w, http.StatusInternalServerError, err.Error()+"; not all is forgotten", "ask again")
		return
	}
	sayJSON(w, done)
}

package admin

import (
	"encoding/json"
	"net/http"
)

// Problem is every answer of the API that is an error (RFC 9457).
type Problem struct {
	Type   string `json:"type"` // about:blank: the status says what kind it is
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"` // what is wrong
	Remedy string `json:"remedy"` // the way out
}

func sayProblem(w http.ResponseWriter, status int, detail, remedy string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(Problem{"about:blank", http.StatusText(status), status, detail, remedy})
}

func sayWrong(w http.ResponseWriter, detail, remedy string) {
	sayProblem(w, http.StatusBadRequest, detail, remedy)
}

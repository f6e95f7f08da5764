package eas

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// head is one request head of a real client in heads.json, and its reading.
type head struct {
	N           int
	Name        string
	RequestLine string `json:"request_line"`
	Headers     [][2]string
	Parsed      struct {
		Form, Cmd, User, DeviceID, DeviceType string
		DeviceIDHex                           string `json:"deviceid_hex"`
		Version, PolicyKey                    *string
	}
}

func (h *head) get(name string) string {
	for _, field := range h.Headers {
		if strings.EqualFold(field[0], name) {
			return field[1]
		}
	}
	return ""
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func TestHeadsOfRealClientsAreRead(t *testing.T) {
	data, err := os.ReadFile(corpus(t, "heads.json"))
	if err != nil {
		t.Fatal(err)
	}
	var heads []head
	if err := json.Unmarshal(data, &heads); err != nil || len(heads) < 15 {
		t.Fatalf("%d heads, %v", len(heads), err)
	}
	for _, h := range heads {
		path, query, _ := strings.Cut(strings.Fields(h.RequestLine)[1], "?")
		if !IsActiveSync(path) {
			t.Errorf("%s: %s is not taken for ActiveSync", h.Name, path)
		}
		e, err := ParseQuery(query)
		if (err != nil) != (query == "") { // iOS sends OPTIONS without any query
			t.Errorf("%s: %v", h.Name, err)
		}
		e.FillFromHeader(h.get)
		id := h.Parsed.DeviceID
		if h.Parsed.Form == "base64" {
			raw, _ := hex.DecodeString(h.Parsed.DeviceIDHex)
			id = string(raw)
		}
		policyKey := value(h.Parsed.PolicyKey)
		if h.Parsed.Form == "none" {
			policyKey = h.get("X-MS-PolicyKey")
		}
		if e.CommandName != h.Parsed.Cmd || e.User != h.Parsed.User || e.DeviceID != id || e.DeviceType != h.Parsed.DeviceType ||
			e.Version != value(h.Parsed.Version) || e.PolicyKey != policyKey {
			t.Errorf("%s:\ngot  %+v\nwant %+v", h.Name, e, h.Parsed)
		}
		if tracked := id != "" && id != validate; tracked != (e.DeviceKey() != "") {
			t.Errorf("%s: the key is %q", h.Name, e.DeviceKey())
		}
	}
}

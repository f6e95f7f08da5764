package admin

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// described is openapi.yaml, checked against the specification itself.
var described = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(openAPI))
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(openapi3.NewLoader().Context)
})

func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := described()
	if err != nil {
		t.Fatalf("openapi.yaml: %v", err)
	}
	return doc
}

// template is a route's path as OpenAPI writes it.
func template(path string) string { return strings.ReplaceAll(path, "...}", "}") }

func TestEveryRouteIsDescribedAndEveryDescriptionIsARoute(t *testing.T) {
	doc := document(t)
	a := newAPI(newLearned().learned(t))
	var routes []string
	for _, r := range a.routes() {
		routes = append(routes, r.method+" "+template(r.path))
		item := doc.Paths.Find(template(r.path))
		if item == nil || item.GetOperation(r.method) == nil {
			t.Errorf("openapi.yaml has no %s %s", r.method, r.path)
		}
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if !slices.Contains(routes, method+" "+path) {
				t.Errorf("nothing handles %s %s", method, path)
			}
			if operation.OperationID == "" || operation.Summary == "" || operation.Responses.Default() == nil {
				t.Errorf("%s %s says too little", method, path)
			}
		}
	}
}

// describes fails where an answer of the API is not what openapi.yaml says. Every
// answer of the tests here comes by it.
func describes(t *testing.T, method, path string, a answer) {
	t.Helper()
	path, _, _ = strings.Cut(path, "?")
	if !strings.HasPrefix(path, "/api/") || a.body == "404 page not found\n" { // of a listener without an API
		return
	}
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	schema := schemaOf(t, method, path, a.status, kind)
	if kind == "text/event-stream" || kind == "application/yaml" {
		return
	}
	var value any
	if err := json.Unmarshal([]byte(a.body), &value); err != nil {
		t.Errorf("%s %s: %v in %s", method, path, err, a.body)
		return
	}
	if schema == nil {
		t.Errorf("%s %s: openapi.yaml knows no answer %d of type %q", method, path, a.status, kind)
		return
	}
	if err := schema.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("%s %s: %d is not what openapi.yaml says: %v", method, path, a.status, err)
	}
}

// schemaOf is what an answer must be; nil where nothing describes it.
func schemaOf(t *testing.T, method, path string, status int, kind string) *openapi3.Schema {
	doc := document(t)
	problem := doc.Components.Responses["Problem"].Value
	response := problem
	if operation := operationOf(doc, method, path); operation != nil {
		response = operation.Responses.Default().Value
		if status == http.StatusOK {
			response = operation.Responses.Status(http.StatusOK).Value
		}
	} else if status == http.StatusOK {
		return nil
	}
	content := response.Content.Get(kind)
	if content == nil {
		return nil
	}
	return content.Schema.Value
}

func operationOf(doc *openapi3.T, method, path string) *openapi3.Operation {
	item := doc.Paths.Find(path)
	for _, parent := range []string{"/api/v1/networks/", "/api/v1/devices/"} {
		if strings.HasPrefix(path, parent) {
			item = doc.Paths.Find(parent + map[string]string{"/api/v1/networks/": "{name}", "/api/v1/devices/": "{id}"}[parent])
		}
	}
	if item == nil {
		return nil
	}
	return item.GetOperation(method)
}

// The check itself must bite: a schema that is not looked at passes everything.
func TestAnAnswerThatIsNotDescribedIsFound(t *testing.T) {
	for body, want := range map[string]bool{
		`{"user":"anna","followed":1,"remembered":0,"stored":3}`:           true,
		`{"user":"anna","followed":1,"remembered":0}`:                      false,
		`{"user":"anna","followed":-1,"remembered":0,"stored":3}`:          false,
		`{"user":"anna","followed":1,"remembered":0,"stored":3,"more":""}`: false,
	} {
		var value any
		if err := json.Unmarshal([]byte(body), &value); err != nil {
			t.Fatal(err)
		}
		schema := schemaOf(t, "POST", "/api/v1/forget", 200, "application/json")
		if err := schema.VisitJSON(value, openapi3.EnableJSONSchema2020()); (err == nil) != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

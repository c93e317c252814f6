package suite_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/infra"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// openAPI is what the tests read of the suite's OpenAPI document.
type openAPI struct {
	Servers    []struct{ URL string }
	Paths      map[string]map[string]documented
	Components struct{ Schemas map[string]documentedSchema }
}

type documented struct {
	OperationID string
	Action      string   `json:"x-action"`
	Roles       []string `json:"x-roles"`
	Parameters  []documentedParameter
	Security    *[]map[string][]string // nil: as the document says
	RequestBody *struct {
		Content  map[string]struct{ Schema documentedSchema }
		MaxBytes int64 `json:"x-max-bytes"`
	}
	Responses map[string]struct {
		Content map[string]struct{ Schema documentedSchema }
	}
}

type documentedParameter struct {
	Name, In string
	Class    string `json:"x-data-class"`
	Schema   documentedSchema
}

type documentedSchema struct {
	Ref        string `json:"$ref"`
	Type       any
	Format     string
	Pattern    string
	Enum       []any
	MaxLength  *int
	MaxItems   *int
	Items      *documentedSchema
	Properties map[string]documentedSchema
}

// operations returns the operations of the document by route, such as "GET /v1/…".
func (d openAPI) operations() map[string]documented {
	all := map[string]documented{}
	for path, methods := range d.Paths {
		for method, operation := range methods {
			all[strings.ToUpper(method)+" "+path] = operation
		}
	}
	return all
}

func (d openAPI) resolve(s documentedSchema) documentedSchema {
	if s.Ref == "" {
		return s
	}
	return d.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]]
}

func readOpenAPI(t *testing.T, c *cloudtest.Cloud) (d openAPI) {
	t.Helper()
	c.Do(t, "", http.MethodGet, "/openapi.json", nil).Want(t, http.StatusOK).JSON(t, &d)
	return d
}

func TestTheOpenAPIDocumentIsComplete(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	document := readOpenAPI(t, c)
	var routes []string
	for _, f := range c.Suite.Functions {
		routes = append(routes, f.Routes...)
	}
	slices.Sort(routes)
	if got := slices.Sorted(maps.Keys(document.operations())); !slices.Equal(got, routes) {
		t.Errorf("the document has %q, suite.json %q: run go test ./infra -run OpenAPI -update", got, routes)
	}
	if len(document.Servers) == 0 {
		t.Error("the document names no server")
	}
	ids := map[string]string{}
	for route, o := range document.operations() {
		if o.OperationID == "" || ids[o.OperationID] != "" {
			t.Errorf("%s and %s have the operationId %q", route, ids[o.OperationID], o.OperationID)
		}
		ids[o.OperationID] = route
		if (o.Action == "" || len(o.Roles) == 0) && !o.public() {
			t.Errorf("%s has no action or no roles", route)
		}
		for _, fault := range document.lint(o) {
			t.Errorf("%s: %s", route, fault)
		}
	}
}

// lint lists what the document does not say about an operation.
func (d openAPI) lint(o documented) (faults []string) {
	for _, p := range o.Parameters {
		if p.In == "path" && p.Schema.Pattern == "" {
			faults = append(faults, "the path parameter "+p.Name+" has no pattern")
		}
	}
	for status, response := range o.Responses {
		if status < "400" {
			continue
		}
		content, ok := response.Content["application/problem+json"]
		if !ok || len(d.resolve(content.Schema).Properties["code"].Enum) == 0 {
			faults = append(faults, status+" is not a problem with the list of codes")
		}
	}
	for _, status := range []string{"400", "401", "403", "414", "422", "429", "500", "503"} {
		if _, ok := o.Responses[status]; !ok && !(o.public() && (status == "401" || status == "403")) {
			faults = append(faults, "the status "+status+" is missing")
		}
	}
	if o.RequestBody != nil && o.takesJSON() {
		faults = append(faults, d.unbounded("body", o.RequestBody.Content["application/json"].Schema)...)
	}
	return faults
}

// unbounded lists the arrays and the texts of a request without a bound.
func (d openAPI) unbounded(at string, s documentedSchema) (faults []string) {
	s = d.resolve(s)
	if s.Type == "array" && s.MaxItems == nil {
		faults = append(faults, at+" has no maxItems")
	}
	if s.Type == "string" && s.MaxLength == nil && s.Pattern == "" && s.Format == "" && len(s.Enum) == 0 {
		faults = append(faults, at+" has no maxLength")
	}
	if s.Items != nil {
		faults = append(faults, d.unbounded(at+"[]", *s.Items)...)
	}
	for name, property := range s.Properties {
		faults = append(faults, d.unbounded(at+"."+name, property)...)
	}
	return faults
}

// A query string is in the logs of the load balancer, so it must not have names or
// texts of a tenant.
func TestNoQueryParameterCarriesText(t *testing.T) {
	t.Parallel()
	for route, o := range readOpenAPI(t, cloudtest.Shared(t)).operations() {
		for _, p := range o.Parameters {
			if p.In == "query" && p.carriesText() {
				t.Errorf("%s: the query parameter %s may carry text: move it into the body of POST …/search", route, p.Name)
			}
		}
	}
}

func (p documentedParameter) carriesText() bool {
	if p.Schema.Type != "string" || len(p.Schema.Enum) > 0 || p.Schema.Format == "date-time" || p.Schema.Format == "date" {
		return false
	}
	if p.Name == "pageToken" || p.Name == "workspace" {
		return false // encrypted, or an ID that paths have too
	}
	if p.Class != "operational" {
		return true // the class of names and texts of a tenant
	}
	pattern, err := regexp.Compile(p.Schema.Pattern)
	return err != nil || p.Schema.Pattern == "" || slices.ContainsFunc(
		[]string{"two words", "name@example.com", "https://example.com", "a:b", "ü"}, pattern.MatchString)
}

// faultyRequest is a request that an operation must refuse.
type faultyRequest struct {
	token, method, path string
	body                any
	header              []string
	status              int
	code                string
}

// anyCode is the code of a fault that can have several.
const anyCode = "any"

// TestTheSameFaultHasTheSameStatusEverywhere sends every kind of faulty request to
// every operation.
func TestTheSameFaultHasTheSameStatusEverywhere(t *testing.T) {
	if cloudtest.RaceDetector {
		t.Skip("TestEveryRecordedRequestHasAReceipt sends each request with the race detector")
	}
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := newMatrixFixture(t, c)
	document := readOpenAPI(t, c)
	for route, o := range document.operations() {
		t.Run(route, func(t *testing.T) {
			f := f
			if operations[route].stops { // functions cache the state for a minute
				f = newMatrixFixture(t, c)
			}
			for name, r := range f.faults(t, document, route, o) {
				got := c.Do(t, r.token, r.method, r.path, r.body, r.header...)
				p := problem{}
				if got.Status == r.status {
					p = wantProblem(t, got, r.status)
				}
				if got.Status != r.status || p.Code != r.code && r.code != anyCode {
					t.Errorf("%s: got %d %q, want %d %q: %.300s", name, got.Status, p.Code, r.status, r.code, got.Body)
				}
				if _, known := o.Responses[fmt.Sprint(got.Status)]; !known {
					t.Errorf("%s: the document lacks the status %d", name, got.Status)
				}
				if got.Header.Get("Strict-Transport-Security") == "" {
					t.Errorf("%s: there is no Strict-Transport-Security", name)
				}
			}
		})
	}
}

// public reports whether an operation needs no token.
func (o documented) public() bool { return o.Security != nil && len(*o.Security) == 0 }

// takesJSON reports whether the body of an operation is JSON, and not a text.
func (o documented) takesJSON() bool {
	_, ok := o.RequestBody.Content["application/json"]
	return ok
}

// faults returns one request for each kind of fault that an operation can have.
func (f *matrixFixture) faults(t *testing.T, document openAPI, route string, o documented) map[string]faultyRequest {
	t.Helper()
	method, template, _ := strings.Cut(route, " ")
	good := faultyRequest{method: method}
	if o.public() {
		good.path, good.body = publicOperations[route](t, f, f.places[0])
	} else {
		role := operations[route].roles[0]
		good.path, good.body = operations[route].ask(t, f, f.places[0].calledBy(role))
		good.token = f.token(t, string(role), "", time.Hour)
	}
	all := map[string]faultyRequest{}
	add := func(name string, status int, code string, change func(*faultyRequest)) {
		r := good
		r.status, r.code = status, code
		change(&r)
		all[name] = r
	}
	if !o.public() {
		f.addTokenFaults(t, route, add)
	}
	add("an unknown query parameter", 422, "invalid", func(r *faultyRequest) { r.path = withQuery(r.path, "unknown=1") })
	for _, p := range o.Parameters {
		switch p.In {
		case "path":
			for _, value := range []string{"%07", "a%0Ab", "%ff", strings.Repeat("a", 1025)} {
				add("the "+p.Name+" "+value[:min(len(value), 9)], 400, "bad-request", func(r *faultyRequest) { r.path = withSegment(good.path, template, p.Name, value) })
			}
		case "query":
			value, status, code := p.faultyValue()
			add("the query parameter "+p.Name, status, code, func(r *faultyRequest) { r.path = withQuery(r.path, p.Name+"="+value) })
		}
	}
	if o.RequestBody != nil && o.takesJSON() {
		f.addBodyFaults(document, o, add)
	}
	return all
}

// addTokenFaults adds requests without a token that allows them.
func (f *matrixFixture) addTokenFaults(t *testing.T, route string, add func(string, int, string, func(*faultyRequest))) {
	t.Helper()
	row := operations[route]
	role := row.roles[0]
	add("no token", 401, "unauthenticated", func(r *faultyRequest) { r.token = "" })
	add("an invalid token", 401, "unauthenticated", func(r *faultyRequest) { r.token = "x.y.z" })
	code := "forbidden"
	if row.stops { // the state can be the reason as well
		code = anyCode
	}
	for _, other := range []tenant.Role{tenant.Runner, tenant.Viewer, tenant.Platform} {
		if !slices.Contains(row.roles, other) {
			add("the role "+string(other), 403, code, func(r *faultyRequest) { r.token = f.token(t, string(other), "", time.Hour) })
		}
	}
	if strings.Contains(route, "{workspace}") && (role == tenant.Runner || role == tenant.Viewer) {
		add("another workspace", 403, "forbidden", func(r *faultyRequest) {
			r.path = strings.Replace(r.path, string(f.places[0].workspace), string(f.places[1].workspace), 1)
		})
		add("another tenant's workspace", 403, "forbidden", func(r *faultyRequest) {
			r.path = strings.Replace(r.path, string(f.places[0].workspace), string(f.places[2].workspace), 1)
		})
	}
}

// withQuery adds a parameter to the query of a path.
func withQuery(path, parameter string) string {
	path, query, found := strings.Cut(path, "?")
	if !found {
		return path + "?" + parameter
	}
	name, _, _ := strings.Cut(parameter, "=")
	if strings.HasPrefix(query, name+"=") {
		return path + "?" + parameter
	}
	return path + "?" + query + "&" + parameter
}

// withSegment replaces the segment of a path parameter, or the rest of the path.
func withSegment(path, template, name, value string) string {
	segments := strings.Split(path, "/")
	for i, segment := range strings.Split(template, "/") {
		switch segment {
		case "{" + name + "}":
			segments[i] = value
		case "{" + name + "...}":
			segments = append(segments[:i:i], value)
		}
	}
	return strings.Join(segments, "/")
}

// faultyValue returns a value that a query parameter must not have. A token or a range
// that cannot be read is a 400. Another value is a 422.
func (p documentedParameter) faultyValue() (value string, status int, code string) {
	switch {
	case p.Name == "pageToken":
		return "forged", 400, "page-token"
	case p.Name == "lines" || p.Name == "continue":
		return "%07", 400, "bad-request"
	}
	return "neither%07", 422, "invalid"
}

func (f *matrixFixture) addBodyFaults(document openAPI, o documented, add func(string, int, string, func(*faultyRequest))) {
	send := func(name, body string, status int, code string) {
		add(name, status, code, func(r *faultyRequest) { r.body = []byte(body) })
	}
	send("a body that is cut", "{", 400, "bad-request")
	send("a body that is not JSON", "a=b", 400, "bad-request")
	send("no body", " ", 400, "bad-request")
	send("two bodies", "{} {}", 400, "bad-request")
	send("a duplicate field", `{"a":1,"a":2}`, 400, "bad-request")
	send("an unknown field", `{"unknownField":1}`, 422, "invalid")
	send("an array", `[]`, 422, "invalid")
	send("null", `null`, 422, "invalid")
	send("a body that is too large", `{}`+strings.Repeat(" ", int(o.RequestBody.MaxBytes)), 413, "too-large")
	add("a form", 415, "unsupported-media-type", func(r *faultyRequest) { r.header = []string{"Content-Type", "application/x-www-form-urlencoded"} })
	schema := document.resolve(o.RequestBody.Content["application/json"].Schema)
	if _, ok := schema.Properties["pageToken"]; ok {
		add("a forged page token", 400, "page-token", func(r *faultyRequest) {
			body := maps.Clone(r.body.(map[string]any))
			body["pageToken"] = "forged"
			r.body = body
		})
	}
}

// The emulator serves the file that the project publishes.
func TestTheEmulatorServesTheOpenAPIDocument(t *testing.T) {
	t.Parallel()
	got := cloudtest.Shared(t).Do(t, "", http.MethodGet, "/openapi.json", nil).Want(t, http.StatusOK)
	if string(got.Body) != string(infra.OpenAPI()) || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("it serves %.100s", got.Body)
	}
}

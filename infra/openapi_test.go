package infra_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// caller calls the routes of suite.json and remembers which have succeeded.
type caller struct {
	cloud     *cloudtest.Cloud
	tenant    *cloudtest.Tenant
	routes    []string          // of all functions, sorted
	succeeded map[string]bool   // by route
	values    map[string]string // of path variables and query parameters that need a certain value
}

func newCaller(t *testing.T, c *cloudtest.Cloud) *caller {
	t.Helper()
	x := &caller{cloud: c, tenant: c.Tenant(t), succeeded: map[string]bool{}}
	for _, f := range table(t).Functions {
		x.routes = append(x.routes, f.Routes...)
	}
	slices.Sort(x.routes)
	x.values = map[string]string{
		"workspace": string(x.tenant.Workspace), "output": "stdout.log", "sli": "latency", "assistant": "a", "function": "custody",
	}
	return x
}

// call sends a request that must succeed, as the first persona that the function
// does not reject.
func (x *caller) call(t *testing.T, route, query string, body any) cloudtest.Response {
	t.Helper()
	r := x.request(t, route, query, body)
	if r.Status/100 != 2 {
		t.Fatalf("%s%s with body %v: %d %s\nAdd a request that succeeds to callAll, or an example tag to the fields of the function's message.",
			route, query, body, r.Status, r.Body)
	}
	x.succeeded[route] = true
	return r
}

// request sends a request as the first persona that the function does not reject.
func (x *caller) request(t *testing.T, route, query string, body any) cloudtest.Response {
	t.Helper()
	method, path, _ := strings.Cut(route, " ")
	path = strings.ReplaceAll(path, "/platform/audit/entries/{entry}", "/platform/audit/entries/{platformEntry}") // of another log
	for name, value := range x.values {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	var r cloudtest.Response
	for _, persona := range []string{"viewer", "runner", "builder", "admin", "platform"} {
		token, err := x.cloud.Token(x.tenant.ID, persona)
		if persona == "platform" {
			token, err = x.cloud.Token("", persona)
		}
		if err != nil {
			t.Fatal(err)
		}
		if r = x.cloud.Do(t, token, method, path+query, body); r.Status != http.StatusForbidden {
			break
		}
	}
	return r
}

// openAPI is what this test reads of a function's OpenAPI document.
type openAPI struct {
	Paths      map[string]map[string]operation // by path and method
	Components struct{ Schemas map[string]schema }
}

type operation struct {
	Parameters  []parameter
	RequestBody struct {
		Content map[string]struct{ Schema schema }
	}
}

type parameter struct {
	Name, In string
	Required bool
	Schema   schema
}

// schema is a JSON schema with the keywords that the functions use.
type schema struct {
	Ref        string `json:"$ref"`
	Type       any    // a type, or a list of types
	Format     string
	Enum       []any
	Examples   []any
	Minimum    *float64
	Required   []string
	Properties map[string]schema
	Items      *schema
}

// callFromOpenAPI calls every route that reads or searches with each choice of its filters.
// Then it calls every other route that has not succeeded yet with a minimal body.
func (x *caller) callFromOpenAPI(t *testing.T) {
	t.Helper()
	documents := map[string]openAPI{} // by route
	for name, f := range table(t).Functions {
		if len(f.Routes) == 0 {
			continue
		}
		var document openAPI
		x.cloud.Do(t, "", http.MethodGet, "/openapi/"+name+".json", nil).Want(t, http.StatusOK).JSON(t, &document)
		for _, route := range f.Routes {
			documents[route] = document
		}
	}
	for _, route := range x.routes {
		if strings.HasPrefix(route, http.MethodGet) || (strings.HasSuffix(route, "/search") && route != searchOutput) {
			x.callWithFilters(t, route, documents[route].filters(route, x.values))
		}
	}
	for _, route := range x.routes {
		if !x.succeeded[route] {
			x.call(t, route, "", documents[route].minimalBody(route))
		}
	}
}

func (d openAPI) operation(route string) operation {
	method, path, _ := strings.Cut(route, " ")
	return d.Paths[path][strings.ToLower(method)]
}

// minimalBody returns a body with only the required fields, or nil if the route
// has no body.
func (d openAPI) minimalBody(route string) any {
	content, ok := d.operation(route).RequestBody.Content["application/json"]
	if !ok {
		return nil
	}
	return d.minimal(content.Schema)
}

// notFilters are fields that do not change which query a function runs, or that
// depend on the data.
var notFilters = []string{"pageSize", "pageToken", "lines", "continue", "limit", "after", "from", "to"}

// filters returns values for each query parameter and for each field of the body of a
// search, by its name. The first value of an optional one is nil, which leaves it out.
func (d openAPI) filters(route string, fixed map[string]string) map[string][]any {
	filters := map[string][]any{}
	add := func(name string, required bool, s schema) {
		if slices.Contains(notFilters, name) {
			return
		}
		values := d.values(s)
		if fixed[name] != "" {
			values = []any{fixed[name]}
		}
		if !required {
			values = append([]any{nil}, values...)
		}
		filters[name] = values
	}
	for _, p := range d.operation(route).Parameters {
		if p.In == "query" {
			add(p.Name, p.Required, p.Schema)
		}
	}
	body := d.resolve(d.operation(route).RequestBody.Content["application/json"].Schema)
	for name, s := range body.Properties {
		add(name, slices.Contains(body.Required, name), s)
	}
	return filters
}

func (d openAPI) resolve(s schema) schema {
	if s.Ref == "" {
		return s
	}
	return d.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]]
}

// callWithFilters calls a route with each choice of two values of each filter, and
// once with each other value.
func (x *caller) callWithFilters(t *testing.T, route string, filters map[string][]any) {
	t.Helper()
	names := slices.Sorted(maps.Keys(filters))
	for choice := range 1 << len(names) {
		chosen := object{}
		for i, name := range names {
			values := filters[name]
			chosen[name] = values[min(choice>>i&1, len(values)-1)]
		}
		x.callWith(t, route, chosen)
	}
	for _, name := range names {
		for _, value := range filters[name][min(2, len(filters[name])):] {
			chosen := object{name: value}
			for other, values := range filters {
				if other != name {
					chosen[other] = values[0]
				}
			}
			x.callWith(t, route, chosen)
		}
	}
}

// callWith sends filters in the query, or in the body of a search.
func (x *caller) callWith(t *testing.T, route string, filters object) {
	t.Helper()
	maps.DeleteFunc(filters, func(_ string, value any) bool { return value == nil })
	var query string
	var body any
	if strings.HasSuffix(route, "/search") {
		body = filters
	} else {
		values := url.Values{}
		for name, value := range filters {
			values.Set(name, toText(value))
		}
		query = "?" + values.Encode()
	}
	if len(filters) > 1 && x.contradict(t, route, query, body) {
		return // these filters never run a query together
	}
	x.call(t, route, query, body)
}

// contradict reports whether the function rejects filters because they contradict each
// other (api.Contradiction).
func (x *caller) contradict(t *testing.T, route, query string, body any) bool {
	t.Helper()
	r := x.request(t, route, query, body)
	return r.Status == http.StatusUnprocessableEntity && strings.Contains(string(r.Body), "contradicts another filter")
}

// values returns values of a filter: its examples, all values of an enumeration, or
// one of its type.
func (d openAPI) values(s schema) []any {
	switch {
	case len(s.Examples) > 0:
		return s.Examples
	case len(s.Enum) > 0:
		return s.Enum
	}
	return []any{d.minimal(s)}
}

// minimal returns a value that the schema allows, with only the required fields.
func (d openAPI) minimal(s schema) any {
	switch {
	case s.Ref != "":
		return d.minimal(d.resolve(s))
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Format == "date-time":
		return time.Now().Add(time.Hour) // some times must be in the future
	}
	switch s.Type {
	case "object":
		value := object{}
		for _, name := range s.Required {
			value[name] = d.minimal(s.Properties[name])
		}
		return value
	case "integer", "number":
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 0
	case "boolean":
		return false
	case "string":
		return "a"
	}
	return []any{d.minimal(*s.Items)} // an array, whose type is ["array", "null"]
}

// toText writes a value of a query as the functions read it.
func toText(v any) string {
	if at, ok := v.(time.Time); ok {
		return at.Format(time.RFC3339)
	}
	return fmt.Sprint(v)
}

package suite_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/infra"
)

// apiDocument is what this test reads of an OpenAPI document.
type apiDocument struct {
	Paths      map[string]map[string]apiOperation // by path and method
	Components struct{ Schemas map[string]apiSchema }
}

type apiOperation struct {
	Roles       []string `json:"x-roles"`
	RequestBody *struct {
		MaxBytes int `json:"x-max-bytes"`
		Content  map[string]struct{ Schema apiSchema }
	}
}

type apiSchema struct {
	Ref        string `json:"$ref"`
	Type       any
	Properties map[string]apiSchema
	Items      *apiSchema
}

func (d apiDocument) resolve(s apiSchema) apiSchema {
	if s.Ref == "" {
		return s
	}
	return d.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]]
}

// worstBodies returns bodies that are as long as may be and cost as much as may
// be, by what is bad about them: generic ones, and ones for each field of s.
func (d apiDocument) worstBodies(s apiSchema, bytes int) map[string]string {
	all := map[string]string{}
	add := func(before, after string) {
		for _, element := range []string{`{}`, `0`, `null`, `[]`, `""`, `{"a":{}}`, `[[]]`} {
			n := (bytes - len(before) - len(after)) / (len(element) + 1)
			all[before+element+",…"] = before + strings.Repeat(element+",", n-1) + element + after
		}
		all[before+"long text"] = before + `"` + strings.Repeat("a", bytes-len(before)-len(after)-2) + `"` + after
		all[before+"escapes"] = before + `"` + strings.Repeat(`\n`, (bytes-len(before)-len(after)-2)/2) + `"` + after
		all[before+"deep"] = before + strings.Repeat("[", bytes-len(before))
		var names strings.Builder
		for i := 0; names.Len() < bytes-len(before)-len(after)-30; i++ {
			fmt.Fprintf(&names, `"n%d":0,`, i)
		}
		all[before+"names"] = before + "{" + names.String() + `"z":0}` + after
		all[before+"a long name"] = before + `{"` + strings.Repeat("a", bytes-len(before)-len(after)-6) + `":0}` + after
	}
	add("", "")
	add("[", "]")
	add(`{"unknown":[`, "]}")
	d.eachField(s, "{", "}", add)
	return all
}

// eachField calls add for each field at any depth, with the text before and after
// its value, and in an array once more for its elements.
func (d apiDocument) eachField(s apiSchema, before, after string, add func(before, after string)) {
	for name, property := range d.resolve(s).Properties {
		property = d.resolve(property)
		before := before + `"` + name + `":`
		add(before, after)
		switch {
		case property.Items != nil:
			add(before+"[", "]"+after)
			d.eachField(*property.Items, before+"[{", "}]"+after, add)
		case property.Properties != nil:
			d.eachField(property, before+"{", "}"+after, add)
		}
	}
}

var pathValues = strings.NewReplacer("{workspace}", "prod", "{sli}", "latency", "{assistant}", "edgar", "{issue}", strings.Repeat("a", 52))

// No body costs an operation more than 4 times its limit and 1 MiB. The count
// includes what the embedded cloud allocates for the request.
func TestNoBodyCostsMoreThanItsLimitAllows(t *testing.T) { // not parallel: it counts what the process allocates
	if cloudtest.RaceDetector {
		t.Skip("allocations are counted without the race detector, as go test does by default")
	}
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	table, err := infra.Load()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for name, f := range table.Functions {
		if len(f.Routes) == 0 {
			continue
		}
		var document apiDocument
		c.Do(t, "", http.MethodGet, "/openapi/"+name+".json", nil).Want(t, http.StatusOK).JSON(t, &document)
		for path, methods := range document.Paths {
			for method, op := range methods {
				if op.RequestBody == nil {
					continue
				}
				tried++
				t.Run(method+" "+path, func(t *testing.T) { tryWorstBodies(t, tn, document, strings.ToUpper(method), path, op) })
			}
		}
	}
	if tried < 9 {
		t.Errorf("only %d operations with a body were found", tried)
	}
}

func tryWorstBodies(t *testing.T, tn *cloudtest.Tenant, d apiDocument, method, path string, op apiOperation) {
	t.Helper()
	token := staffOrTenantToken(t, tn, op.Roles[0])
	limit := op.RequestBody.MaxBytes
	send := func(body string) *httptest.ResponseRecorder {
		url := strings.ReplaceAll(pathValues.Replace(path), "{run}", cloudtest.NewRun(t))
		r := httptest.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		tn.Cloud.LoadBalancer.ServeHTTP(w, r)
		return w
	}
	send("0") // so that nothing is built or fetched for the first time below
	for name, body := range d.worstBodies(op.RequestBody.Content["application/json"].Schema, limit) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w := send(body)
		runtime.ReadMemStats(&after)
		if w.Code/100 != 4 {
			t.Errorf("%s: status %d", name, w.Code)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 4*uint64(limit)+1<<20 {
			t.Errorf("%s: %d KiB were allocated for %d KiB", name, got>>10, limit>>10)
		}
		if w.Body.Len() > 16<<10 {
			t.Errorf("%s: the problem has %d bytes", name, w.Body.Len())
		}
	}
}

func staffOrTenantToken(t *testing.T, tn *cloudtest.Tenant, role string) string {
	t.Helper()
	if role != "platform" {
		return tn.Token(t, role)
	}
	token, err := tn.Cloud.Token("", role)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

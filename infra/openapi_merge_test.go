package infra_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

const schemaRef = "#/components/schemas/"

// TestOpenAPIDocumentIsThatOfTheFunctions merges the documents of all functions and
// compares the result to openapi.json. With -update, it writes the file.
func TestOpenAPIDocumentIsThatOfTheFunctions(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	documents := map[string]object{}
	for name, f := range table(t).Functions {
		if len(f.Routes) > 0 {
			var document object
			c.Do(t, "", http.MethodGet, "/openapi/"+name+".json", nil).Want(t, http.StatusOK).JSON(t, &document)
			documents[name] = document
		}
	}
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(mergeOpenAPI(t, documents)); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("openapi.json", want.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want.String(), readText(t, "openapi.json")); diff != "" {
		t.Errorf("run go test ./infra -run OpenAPI -update: the functions (-) and openapi.json (+) differ:\n%s", diff)
	}
}

// mergeOpenAPI returns one document with the paths and schemas of all. A schema whose
// name has different meanings is named after its function.
func mergeOpenAPI(t *testing.T, documents map[string]object) object {
	t.Helper()
	paths, schemas := object{}, object{}
	different := differentSchemas(documents)
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		renamed := rename(t, documents[name], name, different)
		for path, methods := range at(renamed, "paths") {
			merged, _ := paths[path].(object)
			if merged == nil {
				merged = object{}
			}
			for method, operation := range methods.(object) {
				operation.(object)["x-function"] = name
				merged[method] = operation
			}
			paths[path] = merged
		}
		maps.Copy(schemas, at(renamed, "components", "schemas"))
	}
	first := documents[slices.Sorted(maps.Keys(documents))[0]]
	return object{
		"openapi": first["openapi"],
		"info": object{
			"title": "Strongroom", "version": "1",
			"description": "The HTTPS API of all functions. Errors are application/problem+json (RFC 9457); a program compares their code.",
		},
		"servers": []object{
			{"url": "https://{host}", "description": "an installation", "variables": object{"host": object{"default": "strongroom.example.com"}}},
			{"url": "http://127.0.0.1:8080", "description": "the embedded cloud: go run ./emulator"},
		},
		"security":   first["security"],
		"paths":      paths,
		"components": object{"schemas": schemas, "securitySchemes": at(first, "components", "securitySchemes")},
	}
}

// differentSchemas returns the names of schemas that differ between functions, or
// that refer to one that does.
func differentSchemas(documents map[string]object) map[string]bool {
	texts := map[string][]string{} // by name
	for _, document := range documents {
		for name, schema := range at(document, "components", "schemas") {
			text, _ := json.Marshal(schema) // decoded JSON always encodes
			texts[name] = append(texts[name], string(text))
		}
	}
	different := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for name, all := range texts {
			if different[name] || len(all) < 2 {
				continue
			}
			refers := false
			for other := range different {
				refers = refers || strings.Contains(all[0], `"`+schemaRef+other+`"`)
			}
			if refers || len(slices.Compact(slices.Sorted(slices.Values(all)))) > 1 {
				different[name], changed = true, true
			}
		}
	}
	return different
}

// rename puts the function's name before the names of schemas that differ.
func rename(t *testing.T, document object, function string, different map[string]bool) (renamed object) {
	t.Helper()
	prefix := ""
	for word := range strings.SplitSeq(function, "-") {
		prefix += strings.ToUpper(word[:1]) + word[1:]
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	all := string(text)
	for name := range different {
		all = strings.ReplaceAll(all, `"`+schemaRef+name+`"`, `"`+schemaRef+prefix+name+`"`)
	}
	if err := json.Unmarshal([]byte(all), &renamed); err != nil {
		t.Fatal(err)
	}
	schemas := at(renamed, "components", "schemas")
	for name := range different {
		if schema, ok := schemas[name]; ok {
			delete(schemas, name)
			schemas[prefix+name] = schema
		}
	}
	return renamed
}

// at returns the object below names.
func at(o object, names ...string) object {
	for _, name := range names {
		o, _ = o[name].(object)
	}
	return o
}

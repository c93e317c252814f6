package api

import (
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
)

// ClassExtension is the member of an OpenAPI document that names the data class
// of a parameter, of a property, or of a whole body that is not JSON. It comes
// from the struct tag "class", so the document says what dataclass.Rules allow
// for everything that the API takes and returns.
const ClassExtension = "x-data-class"

const schemaPrefix = "#/components/schemas/"

// labelOperation puts the classes of an operation's input and output types into
// its part of the OpenAPI document.
func labelOperation(op *huma.Operation, in, out reflect.Type) {
	for _, p := range op.Parameters {
		label(&p.Extensions, parameterClass(in, p))
	}
	if op.RequestBody != nil {
		label(&op.RequestBody.Extensions, bodyClass(in))
	}
	status := op.DefaultStatus
	if status == 0 {
		status = http.StatusOK
	}
	if response := op.Responses[strconv.Itoa(status)]; response != nil {
		label(&response.Extensions, bodyClass(out))
	}
}

// labelSchemas puts the classes of all registered types into their schemas. It
// panics if a field has no property: huma leaves out what a type embeds under an
// unexported name, so the document would not show fields that the API has.
func labelSchemas(registry huma.Registry) {
	for name, schema := range registry.Map() {
		t := registry.TypeFromRef(schemaPrefix + name)
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		for _, field := range reflect.VisibleFields(t) {
			property, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if property == "" || property == "-" {
				continue
			}
			s := schema.Properties[property]
			if s == nil {
				panic(fmt.Sprintf("api: the schema of %s lacks %s; embed a type with an exported name", t, property))
			}
			if t == reflect.TypeFor[Problem]() && property == "code" {
				s.Enum = allCodes()
			}
			if s.Ref == "" {
				label(&s.Extensions, field.Tag.Get(dataclass.Tag))
			}
		}
	}
}

func parameterClass(in reflect.Type, p *huma.Param) string {
	for _, field := range reflect.VisibleFields(in) {
		name, _, _ := strings.Cut(field.Tag.Get(p.In), ",")
		if name == p.Name {
			return field.Tag.Get(dataclass.Tag)
		}
	}
	return ""
}

// bodyClass is the class of a body that is not JSON, and so has one label.
func bodyClass(t reflect.Type) string {
	body, ok := t.FieldByName("Body")
	if !ok {
		body, _ = t.FieldByName("RawBody")
	}
	return body.Tag.Get(dataclass.Tag)
}

func label(extensions *map[string]any, class string) {
	if class == "" {
		return
	}
	if *extensions == nil {
		*extensions = map[string]any{}
	}
	(*extensions)[ClassExtension] = class
}

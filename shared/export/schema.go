package export

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
)

// RowTypes are the types of the rows of each table.
var RowTypes = map[Table]reflect.Type{
	AuditTable:      rowType[AuditRow](AuditTable),
	ConfigsTable:    rowType[ConfigRow](ConfigsTable),
	ReviewsTable:    rowType[ReviewRow](ReviewsTable),
	RunsTable:       rowType[RunRow](RunsTable),
	SamplesTable:    rowType[SamplesRow](SamplesTable),
	SightingsTable:  rowType[SightingRow](SightingsTable),
	IssuesTable:     rowType[IssueRow](IssuesTable),
	SLIsTable:       rowType[SLIRow](SLIsTable),
	AssistantsTable: rowType[AssistantRow](AssistantsTable),
	GrantsTable:     rowType[GrantRow](GrantsTable),
	PartsTable:      rowType[PartRow](PartsTable),
}

// rowType declares the data classes of a table's rows.
func rowType[T any](table Table) reflect.Type { return dataclass.Exported[T](string(table)).Type }

// schema is the part of a JSON Schema (2020-12) that rows need. Class is the data
// class of a field.
type schema struct {
	Version     string            `json:"$schema,omitzero"`
	Title       string            `json:"title,omitzero"`
	Type        string            `json:"type,omitzero"`
	Format      string            `json:"format,omitzero"`
	Description string            `json:"description,omitzero"`
	Class       string            `json:"x-class,omitzero"`
	Properties  map[string]schema `json:"properties,omitempty"`
	Required    []string          `json:"required,omitempty"`
	Items       *schema           `json:"items,omitzero"`
}

// Schema returns the JSON Schema of a table's rows.
func Schema(table Table) ([]byte, error) {
	row, ok := RowTypes[table]
	if !ok {
		return nil, fmt.Errorf("the table %q has no rows", table)
	}
	s := schemaOf(row)
	s.Version, s.Title = "https://json-schema.org/draft/2020-12/schema", "A row of the table "+string(table)
	text, err := json.Marshal(s, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("encode schema: %w", err)
	}
	return append(text, '\n'), nil
}

func schemaOf(t reflect.Type) schema {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return schema{Type: "string", Format: "date-time"}
	case t == reflect.TypeFor[jsontext.Value]():
		return schema{Type: "object"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Slice:
		items := schemaOf(t.Elem())
		return schema{Type: "array", Items: &items}
	case reflect.Struct:
		s := schema{Type: "object", Properties: map[string]schema{}}
		s.addFields(t)
		return s
	case reflect.Bool:
		return schema{Type: "boolean"}
	case reflect.Float64:
		return schema{Type: "number"}
	case reflect.Int, reflect.Int64:
		return schema{Type: "integer"}
	default:
		return schema{Type: "string"}
	}
}

func (s *schema) addFields(t reflect.Type) {
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous {
			s.addFields(field.Type)
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		property := schemaOf(field.Type)
		property.Description, property.Class = field.Tag.Get("doc"), field.Tag.Get("class")
		s.Properties[name] = property
		if options == "" {
			s.Required = append(s.Required, name)
		}
	}
}

package command

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// jsonAnnotation is the annotation of a command with the fields that its --json prints.
const jsonAnnotation = "json"

// jsonHelp is the part of the help template with these fields.
const jsonHelp = "{{with index .Annotations \"" + jsonAnnotation + "\"}}\n\nFields of --json (one without a value may be absent):\n{{.}}{{end}}"

// documentJSON lists the fields of a result in the help of a command. A field's tag doc
// says what it means.
func documentJSON(cmd *cobra.Command, result any) {
	documentFields(cmd, result, "  auditEntries\tlist of text\tIDs of the audit entries that record the requests; absent if none exist\n")
}

// documentLines lists the fields of each line of a list that may have any length.
func documentLines(cmd *cobra.Command, line any) { documentFields(cmd, line, "") }

func documentFields(cmd *cobra.Command, result any, more string) {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	writeFields(table, reflect.TypeOf(result), "", nil)
	_, _ = io.WriteString(table, more) // a builder never fails
	_ = table.Flush()                  // a builder never fails
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	cmd.Annotations[jsonAnnotation] = strings.Join(lines, "\n")
}

// writeFields writes a row for each field of a struct, with the path of its parents.
func writeFields(table *tabwriter.Writer, t reflect.Type, path string, parents []reflect.Type) {
	for _, parent := range parents {
		if parent == t {
			return
		}
	}
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !field.IsExported() || name == "-" {
			continue
		}
		inner, suffix := elementOf(field.Type)
		if field.Anonymous && name == "" {
			writeFields(table, inner, path, append(parents, t))
			continue
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\n", path+name, kindName(field.Type), field.Tag.Get("doc"))
		if isObject(inner) {
			writeFields(table, inner, path+name+suffix+".", append(parents, t))
		}
	}
}

// elementOf returns the type of a pointer's or a list's element, and what a path has for
// a list.
func elementOf(t reflect.Type) (element reflect.Type, suffix string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		if t.Kind() == reflect.Slice {
			suffix += "[]"
		}
		t = t.Elem()
	}
	return t, suffix
}

// isObject reports whether a type is an object in JSON.
func isObject(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]() && !t.Implements(reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]())
}

// kindName names the JSON type of a Go type.
func kindName(t reflect.Type) string {
	inner, suffix := elementOf(t)
	name := "any"
	switch {
	case inner == reflect.TypeFor[time.Time]():
		name = "time"
	case isObject(inner), inner.Kind() == reflect.Map:
		name = "object"
	case inner.Kind() == reflect.String:
		name = "text"
	case inner.Kind() == reflect.Bool:
		name = "boolean"
	case inner.Kind() >= reflect.Int && inner.Kind() <= reflect.Float64:
		name = "number"
	}
	if suffix != "" && inner.Kind() != reflect.Uint8 { // bytes are raw JSON
		return "list of " + name
	}
	return name
}

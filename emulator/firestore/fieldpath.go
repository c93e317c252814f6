package firestore

import (
	"strings"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
)

// fieldPath names a field, or a field within maps.
type fieldPath []string

// nameField is the field path of a document's name.
const nameField = "__name__"

func (f fieldPath) isName() bool { return len(f) == 1 && f[0] == nameField }

// parseFieldPath parses field IDs joined by dots. An ID that does not match
// [A-Za-z_][A-Za-z0-9_]* is quoted in backticks, with \ before ` and \.
// Reference: StructuredQuery.FieldReference.field_path.
func parseFieldPath(s string) (fieldPath, error) {
	var f fieldPath
	for rest := s; ; {
		id, after, err := cutFieldID(rest)
		if err != nil {
			return nil, invalid("Invalid property path %q: %v", s, err)
		}
		f = append(f, id)
		if after == "" {
			break
		}
		if after[0] != '.' {
			return nil, invalid("Invalid property path %q: a dot must follow a quoted name", s)
		}
		rest = after[1:]
	}
	return f, f.check()
}

func (f fieldPath) check() error {
	if f.isName() {
		return nil
	}
	if len(f) > maxNesting+1 {
		return invalid("Property path is deeper than %d.", maxNesting)
	}
	for _, id := range f {
		if err := checkFieldID(id); err != nil {
			return err
		}
	}
	return nil
}

func checkFieldID(id string) error {
	switch {
	case id == "":
		return invalid("A field name is empty.")
	case len(id) > maxIDBytes:
		return invalid("A field name is longer than %d bytes.", maxIDBytes)
	case isReserved(id):
		return invalid("Field name %q is reserved.", id)
	}
	return nil
}

type pathError string

func (e pathError) Error() string { return string(e) }

func cutFieldID(s string) (id, rest string, err error) {
	if strings.HasPrefix(s, "`") {
		return cutQuoted(s[1:])
	}
	end := strings.IndexFunc(s, func(r rune) bool { return !isSimple(r) })
	if end < 0 {
		end = len(s)
	}
	switch {
	case end == 0:
		return "", "", pathError("a name is empty or must be in backticks")
	case s[0] >= '0' && s[0] <= '9':
		return "", "", pathError("a name that starts with a digit must be in backticks")
	case end < len(s) && s[end] != '.':
		return "", "", pathError("a name with other characters than A-Z, a-z, 0-9 and _ must be in backticks")
	}
	return s[:end], s[end:], nil
}

func isSimple(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

func cutQuoted(s string) (id, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '`':
			return b.String(), s[i+1:], nil
		case '\\':
			if i++; i == len(s) {
				return "", "", pathError("ends within a quoted name")
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", pathError("a backtick is not closed")
}

// String returns the path in the form that parseFieldPath parses.
func (f fieldPath) String() string {
	ids := make([]string, len(f))
	for i, id := range f {
		ids[i] = quoteFieldID(id)
	}
	return strings.Join(ids, ".")
}

func quoteFieldID(id string) string {
	plain := id != "" && (id[0] < '0' || id[0] > '9')
	if plain && strings.IndexFunc(id, func(r rune) bool { return !isSimple(r) }) < 0 {
		return id
	}
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(id) + "`"
}

func parseMask(paths []string) ([]fieldPath, error) {
	var mask []fieldPath
	for _, s := range paths {
		f, err := parseFieldPath(s)
		if err != nil {
			return nil, err
		}
		mask = append(mask, f)
	}
	return mask, nil
}

type fields = map[string]*pb.Value

// get returns nil if the field is absent.
func (f fieldPath) get(in fields) *pb.Value {
	for _, id := range f[:len(f)-1] {
		in = in[id].GetMapValue().GetFields()
	}
	return in[f[len(f)-1]]
}

// set creates the maps on the path and replaces other values there.
func (f fieldPath) set(in fields, v *pb.Value) {
	for _, id := range f[:len(f)-1] {
		inner := in[id].GetMapValue()
		if inner == nil {
			inner = &pb.MapValue{}
			in[id] = &pb.Value{ValueType: &pb.Value_MapValue{MapValue: inner}}
		}
		if inner.Fields == nil {
			inner.Fields = fields{}
		}
		in = inner.Fields
	}
	in[f[len(f)-1]] = v
}

func (f fieldPath) remove(in fields) {
	for _, id := range f[:len(f)-1] {
		in = in[id].GetMapValue().GetFields()
	}
	delete(in, f[len(f)-1])
}

// project returns the masked fields. Their values are shared with the argument.
func project(all fields, mask []fieldPath) fields {
	kept := fields{}
	for _, f := range mask {
		if f.isName() {
			continue
		}
		if v := f.get(all); v != nil {
			f.set(kept, v)
		}
	}
	return kept
}

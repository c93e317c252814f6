package issue

import (
	"reflect"
	"testing"
	"time"
)

// TestEveryFieldOfAnIssueMattersToEqual changes one field after another, also
// within structs. Fold drops a change that equal does not see.
func TestEveryFieldOfAnIssueMattersToEqual(t *testing.T) {
	t.Parallel()
	base := Issue{Investigation: &Investigation{}, Ignoring: &Ignoring{}}
	if !base.equal(base) {
		t.Fatal("an issue differs from itself")
	}
	paths := fieldPaths(reflect.TypeFor[Issue](), nil)
	if len(paths) < reflect.TypeFor[Issue]().NumField() {
		t.Fatalf("only %d fields are tested", len(paths))
	}
	for _, path := range paths {
		changed := Issue{Investigation: &Investigation{}, Ignoring: &Ignoring{}}
		field := reflect.ValueOf(&changed).Elem()
		for _, i := range path {
			field = reflect.Indirect(field).Field(i)
		}
		field.Set(otherValue(t, field.Type()))
		if base.equal(changed) {
			t.Errorf("a change of %v makes no difference: %+v", path, changed)
		}
	}
}

// fieldPaths returns the index path of each field that is not itself a struct
// with exported fields.
func fieldPaths(of reflect.Type, parent []int) (paths [][]int) {
	for i := range of.NumField() {
		path := append(append([]int{}, parent...), i)
		field := of.Field(i).Type
		if field.Kind() == reflect.Pointer {
			field = field.Elem()
		}
		if field.Kind() == reflect.Struct && field != reflect.TypeFor[time.Time]() {
			paths = append(paths, fieldPaths(field, path)...)
			continue
		}
		paths = append(paths, path)
	}
	return paths
}

// otherValue returns a value that is not the zero value.
func otherValue(t *testing.T, of reflect.Type) reflect.Value {
	t.Helper()
	value := reflect.New(of).Elem()
	switch {
	case of == reflect.TypeFor[time.Time]():
		return reflect.ValueOf(time.Unix(1, 0).UTC())
	case value.CanInt():
		value.SetInt(1)
	case of.Kind() == reflect.Bool:
		value.SetBool(true)
	case of.Kind() == reflect.String:
		value.SetString("x")
	case of == reflect.TypeFor[[]byte]():
		value.SetBytes([]byte("x"))
	default:
		t.Fatalf("add a value of %s to this test", of)
	}
	return value
}

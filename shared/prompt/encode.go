package prompt

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
)

// Encoded is a payload as it is sent.
type Encoded struct {
	Feature consent.Feature
	JSON    []byte
	Fields  []SentField // that are in JSON, in order, each name once
	Omitted []string    // names of fields, or of lists, of which something did not fit; sorted
}

// SentField is a field of a payload, as Fields names it.
type SentField struct {
	Name  string
	Class dataclass.Class
}

// Encode returns the payload as JSON of at most limit bytes. It leaves out whole fields
// of objects and whole elements of lists, those that come last in the payload first. An
// error means that a field of the payload has a class that may not reach a model.
func Encode(p Payload, limit int) (Encoded, error) {
	e := encoder{left: limit - len("{}"), classes: map[string]dataclass.Class{}, omitted: map[string]bool{}, sent: map[string]bool{}}
	for _, f := range Fields(p.Feature()) {
		if !dataclass.Rules[f.Class].Model.Allowed {
			return Encoded{}, fmt.Errorf("encode payload: the class %q of %s may not reach a model", f.Class, f.Path)
		}
		e.order, e.classes[f.Path] = append(e.order, f.Path), f.Class
	}
	given := reflect.Indirect(reflect.ValueOf(p)) // a pointer to a payload is a payload too
	whole := reflect.New(given.Type()).Elem()
	whole.Set(given)
	e.keep(whole, "")
	encoded, err := json.Marshal(whole.Interface())
	if err != nil {
		return Encoded{}, fmt.Errorf("encode payload: %w", err)
	}
	return Encoded{Feature: p.Feature(), JSON: encoded, Fields: e.fields(), Omitted: slices.Sorted(maps.Keys(e.omitted))}, nil
}

// encoder decides which fields fit.
type encoder struct {
	left    int // bytes
	order   []string
	classes map[string]dataclass.Class
	sent    map[string]bool // paths
	omitted map[string]bool // paths, or names of lists
}

// keep clears the fields of a struct, in place, that do not fit.
func (e *encoder) keep(object reflect.Value, prefix string) {
	for i := range object.NumField() {
		name, _, _ := strings.Cut(object.Type().Field(i).Tag.Get("json"), ",")
		field, path := object.Field(i), prefix+name
		switch element, list := dataclass.Element(field.Type()); {
		case field.IsZero():
		case list:
			e.left -= len(`"":[],`) + len(name)
			field.Set(e.keepElements(field, path))
		case element != nil:
			e.left -= len(`"":{},`) + len(name)
			e.keep(field, path+".")
		case e.fits(size(field) + len(`"":,`) + len(name)):
			e.sent[path] = true
		default:
			e.omitted[path] = true
			field.SetZero()
		}
	}
}

// keepElements returns the first elements of a list, up to one that does not fit.
func (e *encoder) keepElements(list reflect.Value, path string) reflect.Value {
	for i := range list.Len() {
		if !e.fits(size(list.Index(i)) + len(",")) {
			e.omitted[path+"[]"] = true
			return list.Slice(0, i)
		}
		e.note(list.Index(i), path+"[].")
	}
	return list
}

// note records the fields that an element has.
func (e *encoder) note(object reflect.Value, prefix string) {
	for i := range object.NumField() {
		if name, _, _ := strings.Cut(object.Type().Field(i).Tag.Get("json"), ","); !object.Field(i).IsZero() {
			e.sent[prefix+name] = true
		}
	}
}

func (e *encoder) fits(bytes int) bool {
	if bytes > e.left {
		return false
	}
	e.left -= bytes
	return true
}

func (e *encoder) fields() []SentField {
	var all []SentField
	for _, path := range e.order {
		if e.sent[path] {
			all = append(all, SentField{path, e.classes[path]})
		}
	}
	return all
}

// size returns the size of a value as JSON. A value that cannot be encoded has none: a
// number that is not finite fails in Encode.
func size(v reflect.Value) int {
	encoded, _ := json.Marshal(v.Interface())
	return len(encoded)
}

package dataclass

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Tag is the struct tag that names a field's class.
const Tag = "class"

// Field is one labelled field of a type, as its encoder names it.
type Field struct {
	Path  string // from the document's root: "start.task", or "claims[].output" for the elements of a list
	Class Class
	Type  reflect.Type
}

// Attribute is the encoder of a message's attributes, which have the names that
// this struct tag names.
const Attribute = "attribute"

// Fields lists the fields of a struct that an encoder writes, in order. The
// encoder is named by its struct tag: "firestore", "json" or Attribute. A field
// without a label is listed with the zero Class, which Check reports.
func Fields(t reflect.Type, encoder string) []Field { return fields(t, encoder, "") }

func fields(t reflect.Type, encoder, prefix string) (all []Field) {
	for i := range t.NumField() {
		f := t.Field(i)
		name := encodedName(f, encoder)
		if f.Anonymous && f.Tag.Get(encoder) == "" {
			all = append(all, fields(f.Type, encoder, prefix)...)
			continue
		}
		if name == "" {
			continue
		}
		if inner, list := Element(f.Type); inner != nil {
			if list {
				name += "[]"
			}
			all = append(all, fields(inner, encoder, prefix+name+".")...)
			continue
		}
		all = append(all, Field{Path: prefix + name, Class: Class(f.Tag.Get(Tag)), Type: f.Type})
	}
	return all
}

// encodedName is the name under which an encoder writes a field; "" if it does
// not write the field. The encoders of Firestore and of JSON write an exported
// field without a tag under its Go name.
func encodedName(f reflect.StructField, encoder string) string {
	name, _, _ := strings.Cut(f.Tag.Get(encoder), ",")
	switch {
	case name == "-" || !f.IsExported():
		return ""
	case name == "" && encoder != Attribute:
		return f.Name
	}
	return name
}

// Element returns the struct whose fields are labelled instead of a field of
// type t, and whether t is a list of them. It returns nil if the field itself
// is labelled: a number, a text, a time, a map, a struct without exported
// fields, or a list of these.
func Element(t reflect.Type) (element reflect.Type, list bool) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Slice {
		element, _ = Element(t.Elem())
		return element, element != nil
	}
	if t.Kind() != reflect.Struct {
		return nil, false
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() || f.Anonymous {
			return t, false
		}
	}
	return nil, false
}

// Check returns an error that joins everything wrong with the labels of a type
// whose values are at a place.
func Check(t reflect.Type, encoder string, place Place) error {
	var errs []error
	all := Fields(t, encoder)
	if len(all) == 0 {
		errs = append(errs, fmt.Errorf("%s has no field that the encoder %q writes", t, encoder))
	}
	for _, f := range all {
		if err := f.check(place); err != nil {
			errs = append(errs, fmt.Errorf("%s, field %s: %w", t, f.Path, err))
		}
	}
	return errors.Join(errs...)
}

func (f Field) check(place Place) error {
	if _, known := Rules[f.Class]; !known {
		return fmt.Errorf("it has no class; add a tag such as `%s:%q`", Tag, Metadata)
	}
	switch f.Class.In(place) {
	case Forbidden:
		return fmt.Errorf("its class %q is not allowed in the place %q", f.Class, place)
	case Sealed:
		if f.Type != reflect.TypeFor[[]byte]() {
			return fmt.Errorf("its class %q must be sealed in the place %q, so the field must be []byte and not %s", f.Class, place, f.Type)
		}
	}
	return nil
}

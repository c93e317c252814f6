package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/go-json-experiment/json/jsontext"
)

// The limits of a check. They bound its work by elements, because the bytes of a
// body do not: a body of 256 KiB has room for 87,000 invalid parts.
const (
	maxFaults    = 20   // faults of one problem
	maxSkipped   = 1000 // values in unknown fields and in values of the wrong type
	spareTokens  = 24   // of a value that the operation checks, in addition to its named fields
	maxNameBytes = 256  // of a field, before it is decoded
	shownName    = 64   // bytes of an unknown field's name in a fault
)

// errStopped ends a check that has found enough faults.
var errStopped = errors.New("the check has stopped")

// check compares a JSON body with the schema. It reads token by token, allocates
// nothing for the values, and stops at the first array that is too long and after
// maxFaults faults. The problem is a 400 if the body is not strict JSON, and a 422
// if it does not match the schema.
func (bounds *bodyBounds) check(data []byte) error {
	c := &bodyCheck{
		registry: bounds.registry,
		decoder:  jsontext.NewDecoder(bytes.NewBuffer(data)), // a Buffer is read in place
		path:     huma.NewPathBuffer(nil, 0),
	}
	c.path.Push("body")
	err := c.value(bounds.schema)
	if err == nil {
		err = c.end()
	}
	switch {
	case err != nil && !errors.Is(err, errStopped):
		return Refuse(http.StatusBadRequest, details[http.StatusBadRequest], Fault{Message: err.Error(), Location: "body"})
	case len(c.result.Errors) > 0:
		return huma.NewError(http.StatusUnprocessableEntity, "", c.result.Errors...)
	}
	return nil
}

// bodyCheck is the state of one check.
type bodyCheck struct {
	registry huma.Registry
	decoder  *jsontext.Decoder
	path     *huma.PathBuffer
	result   huma.ValidateResult
	skipped  int
}

// value checks the next value.
func (c *bodyCheck) value(s *huma.Schema) error {
	s = resolve(c.registry, s)
	switch kind := c.decoder.PeekKind(); {
	case s.Type == "":
		return c.anyValue(s)
	case kind == '{' && s.Type == huma.TypeObject:
		return c.object(s)
	case kind == '[' && s.Type == huma.TypeArray:
		return c.array(s)
	case kind == '{':
		return c.wrongType(s, map[string]any{})
	case kind == '[':
		return c.wrongType(s, []any{})
	}
	return c.scalar(s)
}

// anyValue reads a value whose schema has no type, so that the operation checks it
// itself. The schema may describe fields. An object with these fields and a few
// others does not count as skipped, because maxItems bounds how many there are and
// the operation may leave out an invalid one.
func (c *bodyCheck) anyValue(s *huma.Schema) error {
	before := c.skipped
	c.skipped -= len("{}") + 2*len(s.Properties) + spareTokens
	err := c.skip()
	c.skipped = max(c.skipped, before)
	return err
}

func resolve(registry huma.Registry, s *huma.Schema) *huma.Schema {
	for s.Ref != "" {
		s = registry.SchemaFromRef(s.Ref)
	}
	return s
}

// wrongType adds the fault of an object or an array where the schema has another
// type. v is an empty value of the type.
func (c *bodyCheck) wrongType(s *huma.Schema, v any) error {
	if err := c.validate(s, v); err != nil {
		return err
	}
	return c.skip()
}

func (c *bodyCheck) array(s *huma.Schema) error {
	if err := c.read(); err != nil {
		return err
	}
	n := 0
	for ; c.decoder.PeekKind() != ']'; n++ {
		if s.MaxItems != nil && n >= *s.MaxItems {
			_ = c.fault(fmt.Sprintf(validation.MsgExpectedMaxItems, *s.MaxItems))
			return errStopped
		}
		c.path.PushIndex(n)
		if err := c.value(s.Items); err != nil {
			return err
		}
		c.path.Pop()
	}
	if err := c.read(); err != nil {
		return err
	}
	if s.MinItems != nil && n < *s.MinItems {
		return c.fault(fmt.Sprintf(validation.MsgExpectedMinItems, *s.MinItems))
	}
	return nil
}

func (c *bodyCheck) object(s *huma.Schema) error {
	if err := c.read(); err != nil {
		return err
	}
	var names []string // known ones, so there are few
	for c.decoder.PeekKind() != '}' {
		name, err := c.name()
		if err != nil {
			return err
		}
		c.path.Push(name)
		if property := s.Properties[name]; property == nil {
			err = c.unknown()
		} else {
			names = append(names, name)
			err = c.property(s, name, property)
		}
		if err != nil {
			return err
		}
		c.path.Pop()
	}
	if err := c.read(); err != nil {
		return err
	}
	for _, name := range s.Required {
		if !slices.Contains(names, name) {
			if err := c.fault(fmt.Sprintf(validation.MsgExpectedRequiredProperty, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// name reads the name of a field. It cuts a name that no field has.
func (c *bodyCheck) name() (string, error) {
	raw, err := c.decoder.ReadValue()
	if err != nil {
		return "", readable(err)
	}
	if len(raw) > maxNameBytes {
		return string(bytes.ToValidUTF8(raw[1:shownName], nil)) + "…", nil
	}
	name, err := jsontext.AppendUnquote(nil, raw)
	return string(name), readable(err)
}

// property checks the value of a known field. Null stands for a field that is
// absent, if it may be absent.
func (c *bodyCheck) property(object *huma.Schema, name string, s *huma.Schema) error {
	if c.decoder.PeekKind() == 'n' && !slices.Contains(object.Required, name) {
		return c.read()
	}
	return c.value(s)
}

func (c *bodyCheck) unknown() error {
	if err := c.fault(validation.MsgUnexpectedProperty); err != nil {
		return err
	}
	return c.skip()
}

// scalar checks a string, a number, a boolean or null.
func (c *bodyCheck) scalar(s *huma.Schema) error {
	raw, err := c.decoder.ReadValue()
	if err != nil {
		return notEmpty(readable(err))
	}
	switch raw.Kind() {
	case '"':
		return c.text(s, raw)
	case '0':
		number, err := strconv.ParseFloat(string(raw[:min(len(raw), maxNameBytes)]), 64)
		if err != nil || len(raw) > maxNameBytes {
			return fmt.Errorf("wrong type at %q", c.decoder.StackPointer())
		}
		return c.validate(s, number)
	case 'n':
		return c.validate(s, nil)
	}
	return c.validate(s, raw.Kind() == 't')
}

// longestRune is how many bytes one character can have in JSON: two escapes of \uXXXX.
const longestRune = 12

// text checks a string. It decodes only one that can be valid, and only if its bytes
// do not show already that it is.
func (c *bodyCheck) text(s *huma.Schema, raw jsontext.Value) error {
	length := len(raw) - 2
	switch {
	case s.Type != huma.TypeString:
		return c.validate(s, "")
	case s.MaxLength != nil && length > longestRune**s.MaxLength:
		return c.fault(fmt.Sprintf(validation.MsgExpectedMaxLength, *s.MaxLength))
	case s.Pattern == "" && s.Format == "" && len(s.Enum) == 0 &&
		(s.MaxLength == nil || length <= *s.MaxLength) && (s.MinLength == nil || length >= longestRune**s.MinLength):
		return nil
	case s.Format != "" && length > maxNameBytes:
		raw = append(slices.Clip(raw[:shownName]), '"') // no format is as long
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		text = nil // the cut text ends within an escape
	}
	return c.validate(s, string(text))
}

// validate has huma check a value that has no elements.
func (c *bodyCheck) validate(s *huma.Schema, v any) error {
	huma.Validate(c.registry, s, c.path, huma.ModeWriteToServer, v, &c.result)
	return c.enough()
}

// fault adds a fault at the current path.
func (c *bodyCheck) fault(message string) error {
	c.result.Add(c.path, nil, message)
	return c.enough()
}

func (c *bodyCheck) enough() error {
	if len(c.result.Errors) >= maxFaults {
		return errStopped
	}
	return nil
}

// skip reads a value that is not checked.
func (c *bodyCheck) skip() error {
	depth := c.decoder.StackDepth()
	for {
		if c.skipped++; c.skipped > maxSkipped {
			_ = c.fault(fmt.Sprintf("more than %d values in unknown fields", maxSkipped))
			return errStopped
		}
		if err := c.read(); err != nil {
			return err
		}
		if c.decoder.StackDepth() <= depth {
			return nil
		}
	}
}

// read reads one token.
func (c *bodyCheck) read() error {
	if _, err := c.decoder.ReadToken(); err != nil {
		return notEmpty(readable(err))
	}
	if c.decoder.StackDepth() > maxDepth {
		return errTooDeep
	}
	return nil
}

// end checks that nothing follows the value.
func (c *bodyCheck) end() error {
	_, err := c.decoder.ReadToken()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return readable(err)
	}
	return errors.New("invalid JSON: something follows the value")
}

func notEmpty(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("invalid JSON")
	}
	return err
}

// requireBounds panics if a body may have any number of elements or a field with a
// text of any length: an array needs maxItems, an object needs fields, and the text of
// a field needs maxLength, values, a format or a pattern.
func requireBounds(registry huma.Registry, s *huma.Schema, at string) {
	s = resolve(registry, s)
	switch {
	case s.Type == huma.TypeArray && s.MaxItems == nil:
		panic("api: " + at + " needs maxItems")
	case s.Type == huma.TypeArray && s.Items.Type != huma.TypeString:
		requireBounds(registry, s.Items, at+"[]")
	case s.Type == huma.TypeString && s.MaxLength == nil && s.Pattern == "" && s.Format == "" && len(s.Enum) == 0:
		panic("api: " + at + " needs maxLength")
	case s.Type == huma.TypeObject && len(s.Properties) == 0 && s.AdditionalProperties != false:
		panic("api: " + at + " needs named fields")
	}
	for name, property := range s.Properties {
		requireBounds(registry, property, at+"."+name)
	}
}

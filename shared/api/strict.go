package api

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth limits how deep values in a body are nested. No request needs half of
// it.
const maxDepth = 16

// strictJSON rejects what encoding/json accepts: unknown fields, duplicate keys,
// keys in another case and invalid UTF-8.
var strictJSON = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		encoder := stdjson.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(v)
	},
	Unmarshal: unmarshal, // bodyBounds.check has limited the depth
}

// Decode decodes one strict JSON value into v. Its errors quote only keys that
// data contains.
func Decode(data []byte, v any) error {
	if err := checkDepth(data); err != nil {
		return err
	}
	return unmarshal(data, v)
}

func unmarshal(data []byte, v any) error {
	return readable(json.Unmarshal(data, v, json.RejectUnknownMembers(true)))
}

var errTooDeep = fmt.Errorf("values are nested more than %d levels deep", maxDepth)

func checkDepth(data []byte) error {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(data)) // a Buffer is read in place
	for {
		_, err := decoder.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return readable(err)
		}
		if decoder.StackDepth() > maxDepth {
			return errTooDeep
		}
	}
}

// readable replaces an error of the decoder, whose text may quote values.
func readable(err error) error {
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errors.New("duplicate key in object")
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &semantic):
		return fmt.Errorf("unknown field at %q; remove it", semantic.JSONPointer)
	case errors.As(err, &syntax):
		return fmt.Errorf("invalid JSON at byte %d", syntax.ByteOffset)
	case errors.As(err, &semantic):
		return fmt.Errorf("wrong type at %q", semantic.JSONPointer)
	}
	return errors.New("invalid JSON")
}

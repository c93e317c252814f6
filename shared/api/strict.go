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

// maxDepth bounds the nesting of a body; no request needs half of it.
const maxDepth = 16

// strictJSON refuses what encoding/json lets pass: unknown names, names that
// stand twice, names in another case, invalid UTF-8.
var strictJSON = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		encoder := stdjson.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(v)
	},
	Unmarshal: Decode,
}

// Decode reads one strict JSON value into v. Its errors quote only names that
// stand in data.
func Decode(data []byte, v any) error {
	if err := checkDepth(data); err != nil {
		return err
	}
	err := json.Unmarshal(data, v, json.RejectUnknownMembers(true))
	return readable(err)
}

func checkDepth(data []byte) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(data))
	for {
		_, err := decoder.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return readable(err)
		}
		if decoder.StackDepth() > maxDepth {
			return fmt.Errorf("values are nested more than %d deep", maxDepth)
		}
	}
}

func readable(err error) error {
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errors.New("a name stands twice in one object")
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &semantic):
		return fmt.Errorf("unknown name at %q", semantic.JSONPointer)
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at byte %d", syntax.ByteOffset)
	case errors.As(err, &semantic):
		return fmt.Errorf("a value of another type is needed at %q", semantic.JSONPointer)
	}
	return errors.New("not strict JSON")
}

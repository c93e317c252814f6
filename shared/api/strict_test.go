package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/api"
)

type document struct {
	Name  string     `json:"name"`
	Count *int       `json:"count,omitempty"`
	Parts []document `json:"parts,omitempty"`
}

func TestDecodeIsStrict(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, says string }{
		"an object":                       {`{"name":"a","count":1,"parts":[{"name":"b"}]}`, ""},
		"white space":                     {" \n{ } \t", ""},
		"an unknown name":                 {`{"name":"a","nam":"b"}`, `unknown field at "/nam"`},
		"an unknown name further in":      {`{"parts":[{},{"x":1}]}`, `unknown field at "/parts/1/x"`},
		"a name in another case":          {`{"Name":"a"}`, `unknown field at "/Name"`},
		"a name twice":                    {`{"name":"a","name":"b"}`, "duplicate key"},
		"a name twice by an escape":       {`{"name":"a","n\u0061me":"b"}`, "duplicate key"},
		"an unknown name twice":           {`{"x":1,"x":2}`, "duplicate key"},
		"invalid UTF-8":                   {"{\"name\":\"\xff\"}", "invalid JSON at byte"},
		"half a surrogate":                {`{"name":"\ud800"}`, "invalid JSON at byte"},
		"a control character":             {"{\"name\":\"\x01\"}", "invalid JSON at byte"},
		"something after it":              {`{} {}`, "invalid JSON"},
		"nothing":                         {``, "invalid JSON"},
		"a comma too many":                {`{"name":"a",}`, "invalid JSON at byte"},
		"a comment":                       {`{/**/}`, "invalid JSON at byte"},
		"NaN":                             {`{"count":NaN}`, "invalid JSON at byte"},
		"a number as text":                {`{"count":"1"}`, `wrong type at "/count"`},
		"a text as number":                {`{"name":1}`, `wrong type at "/name"`},
		"a number that does not fit":      {`{"count":9223372036854775808}`, `wrong type at "/count"`},
		"half a number":                   {`{"count":1.5}`, `wrong type at "/count"`},
		"an array":                        {`[]`, `wrong type at ""`},
		"16 levels":                       {strings.Repeat(`{"parts":[`, 8) + strings.Repeat(`]}`, 8), ""},
		"17 levels":                       {`{"parts":[` + strings.Repeat(`{"parts":[`, 8) + strings.Repeat(`]}`, 8) + `]}`, "nested more than 16 levels deep"},
		"a million levels":                {strings.Repeat(`[`, 1_000_000), "nested more than 16 levels deep"},
		"17 levels under an unknown name": {`{"x":` + strings.Repeat(`[`, 16) + strings.Repeat(`]`, 16) + `}`, "nested more than 16 levels deep"},
		"a secret under an unknown name":  {`{"x":"canary-7f3a"}`, `unknown field at "/x"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var d document
			err := api.Decode([]byte(test.text), &d)
			switch {
			case test.says == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
				t.Errorf("got %v, want %s", err, test.says)
			case err != nil && strings.Contains(err.Error(), "canary"):
				t.Errorf("the error shows a value: %v", err)
			}
		})
	}
}

// What Decode accepts, encoding/json reads as the same.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"name":"a","count":1,"parts":[{"name":"b"}]}`, `{}`, `null`, `[]`, `{"name":"\u0000"}`, `{"Name":"a"}`,
		`{"name":"a","name":"b"}`, `{"count":1e2}`, strings.Repeat("[", 40), "\xff", `{"parts":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var strict, loose document
		if api.Decode(text, &strict) != nil {
			return
		}
		if err := json.Unmarshal(text, &loose); err != nil {
			t.Fatalf("%q is accepted, and encoding/json says %v", text, err)
		}
		a, _ := json.Marshal(strict)
		b, _ := json.Marshal(loose)
		if string(a) != string(b) {
			t.Errorf("%q is read as %s and as %s", text, a, b)
		}
	})
}

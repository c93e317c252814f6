package demo_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
)

// TestEveryStoredAndPublishedFieldHasAClass checks what all functions declare.
func TestEveryStoredAndPublishedFieldHasAClass(t *testing.T) {
	t.Parallel()
	for _, d := range dataclass.Declarations() {
		if err := d.Check(); err != nil {
			t.Error(err)
		}
	}
}

// schema is a schema of an OpenAPI document, as far as classes need it.
type schema struct {
	Ref                  string            `json:"$ref"`
	Class                dataclass.Class   `json:"x-data-class"`
	Properties           map[string]schema `json:"properties"`
	Items                *schema           `json:"items"`
	AdditionalProperties json.RawMessage   `json:"additionalProperties"`
}

type body struct {
	Class   dataclass.Class `json:"x-data-class"` // of the whole body, if it is not JSON
	Content map[string]struct {
		Schema schema `json:"schema"`
	} `json:"content"`
}

type operation struct {
	Action     string   `json:"x-action"`
	Roles      []string `json:"x-roles"`
	Security   *[]any   `json:"security"` // empty: no token is needed; nil: as the document says
	Parameters []struct {
		Name  string          `json:"name"`
		Class dataclass.Class `json:"x-data-class"`
	} `json:"parameters"`
	RequestBody *body           `json:"requestBody"`
	Responses   map[string]body `json:"responses"`
}

type openAPI struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

// echoes are actions whose response repeats what the caller itself has just
// sent, so it shows nobody anything new.
var echoes = []string{"runs.start", "runs.report"}

// everybody are the roles that must be allowed to read what needs no token.
var everybody = []string{"runner", "builder", "viewer", "auditor", "admin", "platform"}

// platformLog are actions that show the platform's own audit log. It has no entry of
// a tenant, so the platform's staff may read it.
var platformLog = []string{"platform.audit.entries.read", "platform.audit.log.read"}

// TestEveryFieldOfAnAPIHasAClassThatItsCallersMayRead reads the OpenAPI document
// of every function.
func TestEveryFieldOfAnAPIHasAClassThatItsCallersMayRead(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	operations := 0
	for name, function := range c.Suite.Functions {
		if len(function.Routes) == 0 {
			continue
		}
		var document openAPI
		c.Do(t, "", http.MethodGet, "/openapi/"+name+".json", nil).Want(t, http.StatusOK).JSON(t, &document)
		for path, methods := range document.Paths {
			for method, op := range methods {
				operations++
				labels := labels{t: t, where: strings.ToUpper(method) + " " + path, document: document}
				labels.operation(op)
			}
		}
	}
	if operations < 20 {
		t.Errorf("only %d operations were read", operations)
	}
}

// labels checks the labels of one operation.
type labels struct {
	t        *testing.T
	where    string
	document openAPI
}

func (l labels) operation(op operation) {
	for _, p := range op.Parameters {
		l.check("parameter "+p.Name, p.Class, dataclass.Parameter)
	}
	if op.RequestBody != nil {
		l.body("request", *op.RequestBody, dataclass.Request, nil)
	}
	roles := op.Roles
	public := op.Security != nil && len(*op.Security) == 0
	if !public && (op.Action == "" || len(roles) == 0) {
		l.t.Errorf("%s: it says neither its action nor who may do it", l.where)
	}
	switch {
	case public:
		roles = everybody
	case slices.Contains(echoes, op.Action):
		roles = nil
	case slices.Contains(platformLog, op.Action):
		roles = slices.DeleteFunc(slices.Clone(roles), func(role string) bool { return role == "platform" })
	}
	for status, response := range op.Responses {
		l.body("response "+status, response, dataclass.Response, roles)
	}
}

// body checks a body, and that all roles may read what it has.
func (l labels) body(what string, b body, place dataclass.Place, roles []string) {
	read := func(what string, class dataclass.Class) {
		l.check(what, class, place)
		for _, role := range roles {
			if class != "" && !class.ReadableBy(role) {
				l.t.Errorf("%s: %s is %s, which the role %s may not read", l.where, what, class, role)
			}
		}
	}
	if b.Class != "" {
		read(what, b.Class)
		return
	}
	if len(b.Content) == 0 && !strings.HasSuffix(what, " 204") {
		read(what, "")
	}
	for _, content := range b.Content {
		l.schema(what, content.Schema, read)
	}
}

// schema calls read with every labelled part of a schema.
func (l labels) schema(what string, s schema, read func(string, dataclass.Class)) {
	switch {
	case s.Class != "":
		read(what, s.Class)
	case s.Ref != "":
		named, ok := l.document.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
		if !ok {
			l.t.Errorf("%s: there is no schema %s", l.where, s.Ref)
		}
		l.schema(what, named, read)
	case s.Items != nil:
		l.schema(what+"[]", *s.Items, read)
	case len(s.Properties) > 0:
		for name, property := range s.Properties {
			l.schema(what+"."+name, property, read)
		}
	default:
		read(what, "")
	}
}

func (l labels) check(what string, class dataclass.Class, place dataclass.Place) {
	if _, known := dataclass.Rules[class]; !known {
		l.t.Errorf("%s: %s has no class", l.where, what)
		return
	}
	if class.In(place) != dataclass.Plain {
		l.t.Errorf("%s: %s is %s, which may not be in a %s", l.where, what, class, place)
	}
}

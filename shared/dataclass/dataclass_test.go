package dataclass_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

func TestEveryClassHasACompleteRule(t *testing.T) {
	t.Parallel()
	for class, rule := range dataclass.Rules {
		if len(rule.Plain) == 0 || len(rule.Keys) == 0 || len(rule.Readers) == 0 || rule.Kept == "" {
			t.Errorf("the rule of %s is not complete: %+v", class, rule)
		}
		for _, place := range rule.Sealed {
			if class.In(place) != dataclass.Sealed {
				t.Errorf("the rule of %s has %s both plain and sealed", class, place)
			}
		}
	}
}

// TestLawsHoldInTheRules holds the table to the laws that speak of it.
func TestLawsHoldInTheRules(t *testing.T) {
	t.Parallel()
	stores := []dataclass.Place{dataclass.TenantDocument, dataclass.PlatformDocument, dataclass.Message, dataclass.Parameter}
	for _, place := range stores {
		if dataclass.Output.In(place) != dataclass.Forbidden {
			t.Errorf("law 2: output is only in the tenant's bucket, not in a %s", place)
		}
		for _, class := range []dataclass.Class{dataclass.Text, dataclass.Secret} {
			if class.In(place) == dataclass.Plain {
				t.Errorf("laws 3 and 8: %s is not plain in a %s", class, place)
			}
		}
	}
	for class, rule := range dataclass.Rules {
		if inPayload := class.In(dataclass.ModelPayload) == dataclass.Plain; inPayload != rule.Model.Allowed {
			t.Errorf("law 7: %s may be in a model's payload: %v, and its rule says %v", class, inPayload, rule.Model.Allowed)
		}
	}
	for _, class := range []dataclass.Class{dataclass.Output, dataclass.Configuration} {
		if dataclass.Rules[class].Model.Allowed {
			t.Errorf("law 7: %s reaches no model, whoever consents", class)
		}
	}
	both := []dataclass.Consent{dataclass.TenantAdmin, dataclass.PlatformTeam}
	for class, rule := range dataclass.Rules {
		if rule.Model.Allowed && class != dataclass.Public && !cmp.Equal(both, rule.Model.Consents) {
			t.Errorf("law 7: %s reaches a model only with both consents, not %v", class, rule.Model.Consents)
		}
	}
	for _, class := range []dataclass.Class{dataclass.Audit, dataclass.Secret} {
		if dataclass.Rules[class].Model.Allowed {
			t.Errorf("%s may reach a model", class)
		}
	}
	for _, class := range []dataclass.Class{dataclass.Output, dataclass.Text, dataclass.Metadata, dataclass.Configuration} {
		if class.ReadableBy("runner") || class.ReadableBy("platform") {
			t.Errorf("%s is not for runners or for the platform's staff", class)
		}
	}
}

type part struct {
	Lines int `firestore:"lines" class:"operational"`
}

type labelled struct {
	part
	ID      string            `firestore:"id" class:"operational"`
	Text    []byte            `firestore:"text" class:"text"`
	Times   []time.Time       `firestore:"times" class:"metadata"`
	Claims  map[string]string `firestore:"claims" class:"configuration"`
	One     *part             `firestore:"one"`
	Parts   []part            `firestore:"parts"`
	Ignored string            `firestore:"-"`
}

func TestFieldsAreNamedAsTheEncoderNamesThem(t *testing.T) {
	t.Parallel()
	var got []string
	for _, f := range dataclass.Fields(reflect.TypeFor[labelled](), "firestore") {
		got = append(got, f.Path+" "+string(f.Class))
	}
	want := []string{
		"lines operational", "id operational", "text text", "times metadata", "claims configuration",
		"one.lines operational", "parts[].lines operational",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCheckReports(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		value   any
		encoder string
		place   dataclass.Place
		want    string // in the error; empty: none exists
	}{
		"nothing about labels that the place allows": {value: labelled{}, encoder: "firestore", place: dataclass.TenantDocument, want: ""},
		"a field without a label": {value: struct {
			A string `firestore:"a"`
		}{}, encoder: "firestore", place: dataclass.TenantDocument, want: "field a: it has no class"},
		"an exported field without any tag, which Firestore writes": {value: struct{ A string }{}, encoder: "firestore", place: dataclass.TenantDocument, want: "field A: it has no class"},
		"a field without a label deep inside": {value: struct {
			A []struct {
				B int `json:"b"`
			} `json:"a" class:"metadata"`
		}{}, encoder: "json", place: dataclass.Response, want: "field a[].b: it has no class"},
		"a label that is no class": {value: struct {
			A string `firestore:"a" class:"private"`
		}{}, encoder: "firestore", place: dataclass.TenantDocument, want: "field a: it has no class"},
		"an opaque struct without a label": {value: struct {
			A secret.String `json:"a"`
		}{}, encoder: "json", place: dataclass.Response, want: "field a: it has no class"},
		"output in a document": {value: struct {
			A []byte `firestore:"a" class:"output"`
		}{}, encoder: "firestore", place: dataclass.TenantDocument, want: "not allowed in the place \"tenant-document\""},
		"metadata in a message": {value: struct {
			A string `attribute:"a" class:"metadata"`
		}{}, encoder: dataclass.Attribute, place: dataclass.Message, want: "not allowed in the place \"message\""},
		"text in a document that is not sealed": {value: struct {
			A string `firestore:"a" class:"text"`
		}{}, encoder: "firestore", place: dataclass.TenantDocument, want: "must be sealed"},
		"text in a URL": {value: struct {
			A string `query:"a" class:"text"`
		}{}, encoder: "query", place: dataclass.Parameter, want: "not allowed in the place \"parameter\""},
		"a type that has nothing to write": {value: struct{ a int }{}, encoder: "firestore", place: dataclass.TenantDocument, want: "has no field"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := dataclass.Check(reflect.TypeOf(row.value), row.encoder, row.place)
			if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}

var _ = dataclass.Stored[labelled]("tests/{test}/labels/{label}")

func TestFindMatchesWholePaths(t *testing.T) {
	t.Parallel()
	if d, ok := dataclass.Find("tests/a/labels/b"); !ok || d.Type != reflect.TypeFor[labelled]() || d.Place != dataclass.PlatformDocument {
		t.Errorf("found %+v, %v", d, ok)
	}
	for _, path := range []string{"tests/a/labels", "tests/a/labels/b/c/d", "tests/a/others/b", ""} {
		if d, ok := dataclass.Find(path); ok {
			t.Errorf("%q is found as %+v", path, d)
		}
	}
}

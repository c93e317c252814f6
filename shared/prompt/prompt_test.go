package prompt_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/prompt"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// forbidden are the classes that no payload may have.
var forbidden = map[dataclass.Class]bool{dataclass.Output: true, dataclass.Configuration: true, dataclass.Secret: true, dataclass.Audit: true}

func TestEveryFeatureHasAPayloadOfAllowedClasses(t *testing.T) {
	t.Parallel()
	for _, spec := range consent.Features {
		fields := prompt.Fields(spec.Feature)
		if len(fields) == 0 || prompt.Instructions(spec.Feature) == "" {
			t.Errorf("%s has %d fields and the instructions %q", spec.Feature, len(fields), prompt.Instructions(spec.Feature))
		}
		for _, f := range fields {
			switch {
			case forbidden[f.Class] || !dataclass.Rules[f.Class].Model.Allowed:
				t.Errorf("%s can send %s, which is %s", spec.Feature, f.Path, f.Class)
			case (spec.Public || spec.Feature == consent.RankNextTasks) && f.Class != dataclass.Public:
				t.Errorf("%s may send public data only, and %s is %s", spec.Feature, f.Path, f.Class)
			}
		}
	}
}

func TestWhatDoesNotFitIsLeftOutByWholeFields(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300)
	for name, row := range map[string]struct {
		payload prompt.Payload
		limit   int
		json    string
		omitted []string
	}{
		"everything fits": {payload: prompt.Ranking{Found: "a", Tasks: []prompt.CatalogName{{ID: "1", Name: "b"}}}, limit: 100,
			json: `{"found":"a","tasks":[{"id":"1","name":"b"}]}`},
		"a field that is too long, before one that fits": {payload: prompt.Explanation{Issue: prompt.Issue{Title: long, Severity: 2}}, limit: 100,
			json: `{"issue":{"severity":2}}`, omitted: []string{"issue.title"}},
		"the elements from the first that does not fit": {payload: prompt.Ranking{Tasks: []prompt.CatalogName{{ID: "1"}, {ID: "2", Name: long}, {ID: "3"}}}, limit: 100,
			json: `{"tasks":[{"id":"1"}]}`, omitted: []string{"tasks[]"}},
		"a pointer to a payload": {payload: &prompt.Ranking{Found: "a"}, limit: 100, json: `{"found":"a"}`},
		"nothing fits":           {payload: prompt.Enrichment{Code: long}, limit: 100, json: `{}`, omitted: []string{"code"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := prompt.Encode(row.payload, row.limit)
			if err != nil || len(got.JSON) > row.limit {
				t.Fatalf("%d bytes, %v", len(got.JSON), err)
			}
			if diff := cmp.Diff(row.json, string(got.JSON)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(row.omitted, got.Omitted); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheLedgerNamesExactlyTheFieldsThatAreSent(t *testing.T) {
	t.Parallel()
	p := prompt.Explanation{Issue: prompt.Issue{Title: "t"}, Tasks: []prompt.Task{{Name: "n"}, {ID: "i"}}}
	got, err := prompt.Encode(p, 1000)
	want := []prompt.SentField{{Name: "issue.title", Class: "text"}, {Name: "tasks[].id", Class: "operational"}, {Name: "tasks[].name", Class: "metadata"}}
	if diff := cmp.Diff(want, got.Fields); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if !reflect.DeepEqual(p.Tasks, []prompt.Task{{Name: "n"}, {ID: "i"}}) {
		t.Error("the payload was changed")
	}
}

// FuzzEncode checks that a payload is within its limit, and remains valid JSON.
func FuzzEncode(f *testing.F) {
	f.Add("title", "name", 50)
	f.Fuzz(func(t *testing.T, title, name string, limit int) {
		limit = max(2, limit%1000)
		got, err := prompt.Encode(prompt.Explanation{Issue: prompt.Issue{Title: title, NextSteps: []string{name}}, Tasks: []prompt.Task{{Name: name}, {Name: title}}}, limit)
		if err != nil || !json.Valid(got.JSON) {
			t.Fatalf("%q, %v", got.JSON, err)
		}
		// The frames of objects and lists that are empty now are not counted.
		if len(got.JSON) > limit+len(`"issue":{},"tasks":[],`) {
			t.Errorf("%d bytes, the limit is %d", len(got.JSON), limit)
		}
	})
}

func TestTheTextChangesWithWhatIsAgreedTo(t *testing.T) {
	t.Parallel()
	spec, _ := consent.ExplainIssue.Spec()
	endpoint := tenant.ModelEndpoint{ProjectID: "acme-models", Location: "europe-west3", Model: "gemini-3.5-pro"}
	before := prompt.Agreement(spec, consent.Shared, endpoint)
	if again := prompt.Agreement(spec, consent.Shared, endpoint); again != before {
		t.Errorf("the same facts have the versions %s and %s", before.Version, again.Version)
	}
	for name, change := range map[string]func(*tenant.ModelEndpoint){
		"the project":       func(e *tenant.ModelEndpoint) { e.ProjectID = "other-models" },
		"the location":      func(e *tenant.ModelEndpoint) { e.Location = "us" },
		"the model":         func(e *tenant.ModelEndpoint) { e.Model = "gemini-3.6-flash" },
		"the abuse logging": func(e *tenant.ModelEndpoint) { e.AbuseLoggingExempt = true },
		"the cache":         func(e *tenant.ModelEndpoint) { e.CacheDisabled = true },
	} {
		changed := endpoint
		change(&changed)
		if prompt.Agreement(spec, consent.Shared, changed).Version == before.Version {
			t.Errorf("%s changes, and the version does not", name)
		}
	}
}

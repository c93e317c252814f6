package prompt

import (
	"reflect"

	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// payloads has the type of each feature's payload.
var payloads = map[consent.Feature]reflect.Type{
	consent.ExplainIssue:       reflect.TypeFor[Explanation](),
	consent.SummariseWorkspace: reflect.TypeFor[Summary](),
	consent.RankNextTasks:      reflect.TypeFor[Ranking](),
	consent.EnrichCatalog:      reflect.TypeFor[Enrichment](),
}

// Fields lists every field that a feature can send, in the order of its payload: issue.title,
// or tasks[].name for the elements of a list.
func Fields(f consent.Feature) []dataclass.Field {
	if t := payloads[f]; t != nil {
		return dataclass.Fields(t, "json")
	}
	return nil
}

// Agreement returns the text that people agree to for a feature at a destination whose
// endpoint is e.
func Agreement(s consent.Spec, d consent.Destination, e tenant.ModelEndpoint) consent.Text {
	var sent []consent.SentField
	for _, f := range Fields(s.Feature) {
		sent = append(sent, consent.SentField{Name: f.Path, Class: string(f.Class)})
	}
	return consent.NewText(s, d, e, sent)
}

package prompt

import (
	"reflect"

	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// payloads has the type of each feature's payload.
var payloads = map[consent.Feature]reflect.Type{
	consent.ExplainIssue:       payloadType[Explanation](consent.ExplainIssue),
	consent.SummariseWorkspace: payloadType[Summary](consent.SummariseWorkspace),
	consent.RankNextTasks:      payloadType[Ranking](consent.RankNextTasks),
	consent.EnrichCatalog:      payloadType[Enrichment](consent.EnrichCatalog),
}

// payloadType declares the data classes of a feature's payload.
func payloadType[T Payload](f consent.Feature) reflect.Type { return dataclass.Sent[T](string(f)).Type }

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

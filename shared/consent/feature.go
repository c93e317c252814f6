package consent

import (
	"fmt"
	"slices"
	"strings"
)

// Feature is a use of a language model. The zero Feature is not valid.
type Feature string

// The features.
const (
	ExplainIssue       Feature = "explain-issue"
	SummariseWorkspace Feature = "summarise-workspace"
	RankNextTasks      Feature = "rank-next-tasks"
	EnrichCatalog      Feature = "enrich-catalog"
)

// Spec is what is fixed about a feature.
type Spec struct {
	Feature Feature
	Summary string // what it does, in words that continue "it …"

	// Public says that the feature sends public data of no tenant. It needs no
	// consent, uses the platform's endpoint, and is on the platform's ledger.
	Public bool

	MaxPayloadBytes int   // of the payload in a request; fields over it are left out
	MaxAnswerBytes  int   // of the text of an answer
	MaxOutputTokens int32 // that the model may generate
}

// Features is the table of features. A feature that is not listed does not exist. A new
// row needs a payload in package prompt.
var Features = []Spec{
	{
		Feature: ExplainIssue, Summary: "explains an issue, its likely causes, and which of the suggested tasks to run first",
		MaxPayloadBytes: 64 << 10, MaxAnswerBytes: 32 << 10, MaxOutputTokens: 4096,
	},
	{
		Feature: SummariseWorkspace, Summary: "summarizes what is wrong in a workspace, in ten lines",
		MaxPayloadBytes: 64 << 10, MaxAnswerBytes: 16 << 10, MaxOutputTokens: 2048,
	},
	{
		Feature: RankNextTasks, Summary: "orders the tasks that are suggested next, by their names in the public catalog",
		MaxPayloadBytes: 32 << 10, MaxAnswerBytes: 16 << 10, MaxOutputTokens: 2048,
	},
	{
		Feature: EnrichCatalog, Summary: "describes what a task of the public catalog checks and changes, from its published source", Public: true,
		MaxPayloadBytes: 128 << 10, MaxAnswerBytes: 16 << 10, MaxOutputTokens: 2048,
	},
}

// Spec returns the row of the feature. It returns false if none exists.
func (f Feature) Spec() (Spec, bool) {
	i := slices.IndexFunc(Features, func(s Spec) bool { return s.Feature == f })
	if i < 0 {
		return Spec{}, false
	}
	return Features[i], true
}

// ParseFeature returns the feature with a name. The error lists the names.
func ParseFeature(name string) (Feature, error) {
	if spec, ok := Feature(name).Spec(); ok {
		return spec.Feature, nil
	}
	names := make([]string, len(Features))
	for i, s := range Features {
		names[i] = string(s.Feature)
	}
	return "", fmt.Errorf("there is no such feature; use one of %s", strings.Join(names, ", "))
}

// Destination is a kind of endpoint. The zero Destination is not valid.
type Destination string

// The destinations. SingleTenant is preferred if both are consented to.
const (
	SingleTenant Destination = "single-tenant" // in the tenant's own project and region, named in the tenant's record
	Shared       Destination = "shared"        // the platform's endpoint
)

// Destinations lists the destinations, the preferred one first.
var Destinations = []Destination{SingleTenant, Shared}

// ParseDestination returns the destination with a name. The error lists the names.
func ParseDestination(name string) (Destination, error) {
	if d := Destination(name); slices.Contains(Destinations, d) {
		return d, nil
	}
	return "", fmt.Errorf("there is no such destination; use %s or %s", SingleTenant, Shared)
}

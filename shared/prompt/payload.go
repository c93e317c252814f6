package prompt

import (
	"time"

	"github.com/strongroom-dev/strongroom/shared/consent"
)

// Payload is what a feature sends. Only the types of this package implement it. Fields
// come in the order of their importance: if not all fit, the first ones are sent.
type Payload interface {
	Feature() consent.Feature
	sealed()
}

// Explanation is the payload of explain-issue.
type Explanation struct {
	Issue    Issue  `json:"issue,omitzero"`
	Tasks    []Task `json:"tasks,omitzero"`    // that are suggested, best first
	Evidence []Run  `json:"evidence,omitzero"` // runs that found the issue, newest first
}

// Issue is an issue that is explained.
type Issue struct {
	ID            string    `json:"id,omitzero" class:"operational"`
	Title         string    `json:"title,omitzero" class:"text"`
	Severity      int       `json:"severity,omitzero" class:"metadata"` // 1 (critical) to 4 (informational)
	State         string    `json:"state,omitzero" class:"metadata"`
	Task          string    `json:"task,omitzero" class:"metadata"`
	SLX           string    `json:"slx,omitzero" class:"metadata"`
	FirstSeen     time.Time `json:"firstSeen,omitzero" class:"metadata"`
	LastSeen      time.Time `json:"lastSeen,omitzero" class:"metadata"`
	Sightings     int       `json:"sightings,omitzero" class:"metadata"`
	Runs          int       `json:"runs,omitzero" class:"metadata"`
	Reopened      int       `json:"reopened,omitzero" class:"metadata"`
	Summary       string    `json:"summary,omitzero" class:"text"`
	Expected      string    `json:"expected,omitzero" class:"text"`
	Actual        string    `json:"actual,omitzero" class:"text"`
	NextSteps     []string  `json:"nextSteps,omitzero" class:"text"`
	Details       string    `json:"details,omitzero" class:"text"`
	ReproduceHint string    `json:"reproduceHint,omitzero" class:"text"`
}

// Task is a task that may be run next.
type Task struct {
	ID            string `json:"id,omitzero" class:"operational"`
	Name          string `json:"name,omitzero" class:"metadata"`
	Documentation string `json:"documentation,omitzero" class:"metadata"`
}

// Run is a run that found an issue.
type Run struct {
	ID      string    `json:"id,omitzero" class:"operational"`
	Start   time.Time `json:"start,omitzero" class:"metadata"`
	Outcome string    `json:"outcome,omitzero" class:"metadata"`
}

// Summary is the payload of summarise-workspace.
type Summary struct {
	Issues []IssueLine `json:"issues,omitzero"` // the worst first
	SLIs   []SLI       `json:"slis,omitzero"`   // the most urgent first
	Tasks  []Task      `json:"tasks,omitzero"`  // that are suggested, best first
}

// IssueLine is an issue in a summary.
type IssueLine struct {
	ID        string    `json:"id,omitzero" class:"operational"`
	Title     string    `json:"title,omitzero" class:"text"`
	Severity  int       `json:"severity,omitzero" class:"metadata"`
	State     string    `json:"state,omitzero" class:"metadata"`
	Task      string    `json:"task,omitzero" class:"metadata"`
	SLX       string    `json:"slx,omitzero" class:"metadata"`
	LastSeen  time.Time `json:"lastSeen,omitzero" class:"metadata"`
	Sightings int       `json:"sightings,omitzero" class:"metadata"`
}

// SLI is the health of a service-level indicator. Its objective is configuration, so it
// is not sent.
type SLI struct {
	Name  string  `json:"name,omitzero" class:"metadata"`
	SLX   string  `json:"slx,omitzero" class:"metadata"`
	Alert string  `json:"alert,omitzero" class:"metadata"`
	Stale bool    `json:"stale,omitzero" class:"metadata"`
	Last  float64 `json:"last,omitzero" class:"metadata"`
	Share float64 `json:"share,omitzero" class:"metadata"` // of the samples of an hour that are good
	Burn  float64 `json:"burn,omitzero" class:"metadata"`  // burn rate over an hour
}

// Ranking is the payload of rank-next-tasks. It has names of the public catalog only.
type Ranking struct {
	Found string        `json:"found,omitzero" class:"public"` // name in the catalog of the task that found the issue
	Tasks []CatalogName `json:"tasks,omitzero"`                // to order
}

// CatalogName is a task of the public catalog.
type CatalogName struct {
	ID   string `json:"id,omitzero" class:"public"`
	Name string `json:"name,omitzero" class:"public"`
}

// Enrichment is the payload of enrich-catalog: one task of the public catalog.
type Enrichment struct {
	Task CatalogTask `json:"task,omitzero"`
	Code string      `json:"code,omitzero" class:"public"` // as published at Task.Source
}

// CatalogTask is what the public catalog says about a task.
type CatalogTask struct {
	Name               string   `json:"name,omitzero" class:"public"`
	Documentation      string   `json:"documentation,omitzero" class:"public"`
	Tags               []string `json:"tags,omitzero" class:"public"`
	Suite              string   `json:"suite,omitzero" class:"public"`
	SuiteDocumentation string   `json:"suiteDocumentation,omitzero" class:"public"`
	Source             string   `json:"source,omitzero" class:"public"`
}

// Feature implements Payload.
func (Explanation) Feature() consent.Feature { return consent.ExplainIssue }

// Feature implements Payload.
func (Summary) Feature() consent.Feature { return consent.SummariseWorkspace }

// Feature implements Payload.
func (Ranking) Feature() consent.Feature { return consent.RankNextTasks }

// Feature implements Payload.
func (Enrichment) Feature() consent.Feature { return consent.EnrichCatalog }

func (Explanation) sealed() {}
func (Summary) sealed()     {}
func (Ranking) sealed()     {}
func (Enrichment) sealed()  {}

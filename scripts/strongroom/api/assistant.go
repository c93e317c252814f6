package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Assistant is all that is set of an assistant.
type Assistant struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`        // what people call it
	Relevance   float64 `json:"relevance"`   // tasks that score less are not suggested
	AccessLevel string  `json:"accessLevel"` // read-only or read-write
}

// Answer is what an assistant tells of its workspace.
type Answer struct {
	Assistant
	AsOf   time.Time `json:"asOf"`
	Wrong  Wrong     `json:"wrong"`
	Health Health    `json:"health"`
	Next   Next      `json:"next"`
}

// Wrong is what is wrong now.
type Wrong struct {
	Counts []SeverityCount `json:"counts"` // of issues that stand
	SLXs   []SLXIssues     `json:"slxs"`   // the one with the worst first
	Capped bool            `json:"capped"` // more issues stand than SLXs has
}

// SeverityCount is how many issues of one severity stand.
type SeverityCount struct {
	Severity int  `json:"severity"`
	Standing int  `json:"standing"`
	OrMore   bool `json:"orMore,omitempty"`
}

// SLXIssues are issues of one SLX, the worst first.
type SLXIssues struct {
	SLX    string  `json:"slx"` // may be empty
	Issues []Topic `json:"issues"`
}

// Topic is an issue in one line.
type Topic struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Severity  int       `json:"severity"`
	State     string    `json:"state"`
	Task      string    `json:"task"`
	Resource  string    `json:"resource,omitempty"`
	LastSeen  time.Time `json:"lastSeen"`
	Sightings int       `json:"sightings"`
}

// Health is how SLIs do, the most urgent first.
type Health struct {
	SLIs   []SLI `json:"slis"`
	Capped bool  `json:"capped"` // there may be more
}

// SLI is one indicator and its health.
type SLI struct {
	Name       string     `json:"name"`
	SLX        string     `json:"slx,omitempty"`
	Alert      string     `json:"alert"`           // none, warning, ticket or page
	Stale      bool       `json:"stale,omitempty"` // no sample comes any more: the rest is of before
	Last       *Measured  `json:"last,omitempty"`
	Objective  Objective  `json:"objective"`
	Thresholds Thresholds `json:"thresholds"`
	Windows    Windows    `json:"windows"`
}

// Measured is one value of an SLI.
type Measured struct {
	Time  time.Time `json:"time"`
	Value float64   `json:"value"`
}

// Objective is what an SLI is held against; without Min and Max there is none.
type Objective struct {
	Min    *float64 `json:"min,omitempty"`
	Max    *float64 `json:"max,omitempty"`
	Target float64  `json:"target,omitempty"` // share of samples to be good
}

// Thresholds are what raises an alert; 0 stands for the platform's own.
type Thresholds struct {
	Page       float64 `json:"page,omitempty"` // burn rates
	Ticket     float64 `json:"ticket,omitempty"`
	Slow       float64 `json:"slow,omitempty"`
	Samples    int     `json:"samples,omitempty"`    // outside of the objective, at least
	StaleAfter int     `json:"staleAfter,omitempty"` // seconds without a sample
}

// Windows are the last stretches of time.
type Windows struct {
	FiveMinutes Window `json:"5m"`
	HalfHour    Window `json:"30m"`
	Hour        Window `json:"1h"`
	SixHours    Window `json:"6h"`
	ThreeDays   Window `json:"3d"`
}

// Window is what was measured in one of them.
type Window struct {
	Samples   int     `json:"samples"`
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
	Share     float64 `json:"share"` // of samples within the objective
	Burn      float64 `json:"burn"`
}

// Next is which task to run next.
type Next struct {
	Tasks  []NextTask `json:"tasks"` // the best first
	Below  int        `json:"below"` // found, but scoring less than the relevance
	Silent bool       `json:"silent"`
	Says   string     `json:"says"` // a sentence, and one for each thing that the answer does not know

	Withheld int `json:"withheld,omitempty"` // fit, but do not say that they only read
}

// NextTask is a task that is suggested.
type NextTask struct {
	Score         float64    `json:"score"` // from 0 to 1
	From          string     `json:"from"`  // workspace or catalogue
	ID            string     `json:"id,omitempty"`
	Name          string     `json:"name"`
	Documentation string     `json:"documentation,omitempty"`
	Suite         string     `json:"suite,omitempty"`
	Source        string     `json:"source,omitempty"`
	SLX           string     `json:"slx,omitempty"`
	Resource      string     `json:"resource,omitempty"`
	Evidence      []Evidence `json:"evidence"`
}

// Evidence is why a task is suggested.
type Evidence struct {
	Issue string   `json:"issue"` // whose next step asks for it
	Step  string   `json:"step"`
	Score float64  `json:"score"`
	Words []string `json:"words"` // of the step that the task has
}

// Ask asks an assistant what a person asks first.
func (c *Client) Ask(ctx context.Context, assistant string) (Answer, error) {
	var answer Answer
	err := c.call(ctx, request{what: "ask the assistant", method: http.MethodGet, path: c.assistantPath(assistant)}, &answer)
	return answer, err
}

// AssistantSettings are what an assistant is to be; what is not given is the
// platform's own.
type AssistantSettings struct {
	Name        string   `json:"name"`                  // 1 to MaxAssistantName characters
	Relevance   *float64 `json:"relevance,omitempty"`   // from 0 to 1
	AccessLevel string   `json:"accessLevel,omitempty"` // read-only or read-write
}

// MaxAssistantName bounds an assistant's name, in characters.
const MaxAssistantName = 200

// SetAssistant makes or changes an assistant. It may be repeated.
func (c *Client) SetAssistant(ctx context.Context, id string, settings AssistantSettings) (Assistant, error) {
	var set Assistant
	err := c.call(ctx, request{what: "set the assistant", method: http.MethodPut, path: c.assistantPath(id), in: settings}, &set)
	return set, err
}

func (c *Client) assistantPath(id string) string {
	return c.workspacePath() + "/assistants/" + url.PathEscape(id)
}

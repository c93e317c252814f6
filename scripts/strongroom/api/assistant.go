package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Assistant is an assistant's settings.
type Assistant struct {
	ID          string  `json:"id"`
	Name        string  `json:"name" doc:"display name"`
	Relevance   float64 `json:"relevance" doc:"minimum score of the tasks that it suggests"`
	AccessLevel string  `json:"accessLevel" doc:"read-only or read-write"`
}

// Answer is an assistant's summary of its workspace.
type Answer struct {
	Assistant
	AsOf   time.Time `json:"asOf"`
	Wrong  Wrong     `json:"wrong"`
	Health Health    `json:"health"`
	Next   Next      `json:"next"`
}

// Wrong is what is wrong now.
type Wrong struct {
	Counts []SeverityCount `json:"counts" doc:"of unresolved issues"`
	SLXs   []SLXIssues     `json:"slxs" doc:"the SLX with the worst issue first"`
	Capped bool            `json:"capped" doc:"there are more unresolved issues than SLXs has"`
}

// SeverityCount is the number of unresolved issues with one severity.
type SeverityCount struct {
	Severity int  `json:"severity"`
	Active   int  `json:"active"`
	OrMore   bool `json:"orMore,omitempty"`
}

// SLXIssues are the issues of one SLX, the worst first.
type SLXIssues struct {
	SLX    string  `json:"slx" doc:"may be empty"`
	Issues []Topic `json:"issues"`
}

// Topic is the summary of one issue.
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

// Health is the health of the SLIs, the most urgent first.
type Health struct {
	SLIs   []SLI `json:"slis"`
	Capped bool  `json:"capped" doc:"there may be more"`
}

// SLI is one indicator and its health.
type SLI struct {
	Name       string     `json:"name"`
	SLX        string     `json:"slx,omitempty"`
	Alert      string     `json:"alert" doc:"none, warning, ticket or page"`
	Stale      bool       `json:"stale,omitempty" doc:"there are no recent samples, so the other values are out of date"`
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

// Objective defines which samples of an SLI are good. Without Min and Max, there
// is no objective.
type Objective struct {
	Min    *float64 `json:"min,omitempty"`
	Max    *float64 `json:"max,omitempty"`
	Target float64  `json:"target,omitempty" doc:"share of samples that must be good"`
}

// Thresholds are what raises an alert. 0 is the platform's default.
type Thresholds struct {
	Page       float64 `json:"page,omitempty" doc:"burn rates"`
	Ticket     float64 `json:"ticket,omitempty"`
	Slow       float64 `json:"slow,omitempty"`
	Samples    int     `json:"samples,omitempty" doc:"minimum number of bad samples"`
	StaleAfter int     `json:"staleAfter,omitempty" doc:"seconds without a sample"`
}

// Windows are the rolling windows that end now.
type Windows struct {
	FiveMinutes Window `json:"5m"`
	HalfHour    Window `json:"30m"`
	Hour        Window `json:"1h"`
	SixHours    Window `json:"6h"`
	ThreeDays   Window `json:"3d"`
}

// Window summarizes the samples in one window.
type Window struct {
	Samples   int     `json:"samples"`
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
	Share     float64 `json:"share" doc:"share of good samples"`
	Burn      float64 `json:"burn" doc:"burn rate of the error budget"`
}

// Next is which task to run next.
type Next struct {
	Tasks   []NextTask `json:"tasks" doc:"the best first"`
	Below   int        `json:"below" doc:"number of matching tasks that score less than the relevance"`
	Silent  bool       `json:"silent"`
	Summary string     `json:"summary" doc:"one sentence, and one for each thing that is not known"`

	Withheld int `json:"withheld,omitempty" doc:"number of matching tasks that may make changes"`
}

// NextTask is a task that is suggested.
type NextTask struct {
	Score         float64    `json:"score" doc:"from 0 to 1"`
	From          string     `json:"from" doc:"where the task is from: the workspace or the catalog"`
	ID            string     `json:"id,omitempty"`
	Name          string     `json:"name"`
	Documentation string     `json:"documentation,omitempty"`
	Suite         string     `json:"suite,omitempty"`
	Source        string     `json:"source,omitempty"`
	SLX           string     `json:"slx,omitempty"`
	Resource      string     `json:"resource,omitempty"`
	Evidence      []Evidence `json:"evidence"`

	Configured *Configured `json:"configured,omitempty" doc:"where the configuration has the task"`
}

// Configured is where the workspace's configuration has a task.
type Configured struct {
	SLX      string `json:"slx,omitempty" doc:"empty if several SLXs have the task and none is related to the issue"`
	Alias    string `json:"alias,omitempty"`
	Resource string `json:"resource,omitempty"`
	Task     string `json:"task,omitempty" doc:"name of the task with the values of the configuration"`
	Path     string `json:"path,omitempty" doc:"of the file"`
	SLXs     int    `json:"slxs" doc:"number of SLXs that have the task"`
}

// Evidence is why a task is suggested.
type Evidence struct {
	Issue string   `json:"issue" doc:"whose next step asks for it"`
	Step  string   `json:"step"`
	Score float64  `json:"score"`
	Words []string `json:"words" doc:"words of the step that the task contains"`
}

// Ask reads an assistant's answer.
func (c *Client) Ask(ctx context.Context, assistant string) (Answer, error) {
	var answer Answer
	err := c.call(ctx, request{what: "ask the assistant", method: http.MethodGet, path: c.assistantPath(assistant)}, &answer)
	return answer, err
}

// AssistantSettings are the new settings of an assistant. The platform's
// defaults replace empty fields.
type AssistantSettings struct {
	Name        string   `json:"name" doc:"1 to MaxAssistantName characters"`
	Relevance   *float64 `json:"relevance,omitempty" doc:"from 0 to 1"`
	AccessLevel string   `json:"accessLevel,omitempty" doc:"read-only or read-write"`
}

// MaxAssistantName bounds an assistant's name, in characters.
const MaxAssistantName = 200

// SetAssistant creates or replaces an assistant. It is safe to retry.
func (c *Client) SetAssistant(ctx context.Context, id string, settings AssistantSettings) (Assistant, error) {
	var set Assistant
	err := c.call(ctx, request{what: "set the assistant", method: http.MethodPut, path: c.assistantPath(id), in: settings}, &set)
	return set, err
}

func (c *Client) assistantPath(id string) string {
	return c.workspacePath() + "/assistants/" + url.PathEscape(id)
}

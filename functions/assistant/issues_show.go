package assistant

import (
	"context"
	"time"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/issue"
)

// issueBody is an issue as the API has it.
type issueBody struct {
	factsBody
	textBody
}

// factsBody is what of an issue rests plain.
type factsBody struct {
	ID              string             `json:"id"`
	State           string             `json:"state" enum:"detected,open,investigated,reopened,resolved,ignored"`
	Severity        int                `json:"severity" doc:"1 (critical) to 4 (informational), of the newest sighting"`
	SeverityFlagged bool               `json:"severityFlagged,omitempty" doc:"The task gave no severity of 1 to 4"`
	Task            string             `json:"task"`
	SLX             string             `json:"slx,omitempty"`
	Resource        string             `json:"resource,omitempty"`
	FirstSeen       time.Time          `json:"firstSeen" doc:"Start of the first run that saw it"`
	LastSeen        time.Time          `json:"lastSeen" doc:"Start of the newest run that saw it"`
	LastRun         string             `json:"lastRun"`
	ObservedAt      *time.Time         `json:"observedAt,omitempty" doc:"As the newest sighting tells"`
	Sightings       int                `json:"sightings"`
	Runs            int                `json:"runs" doc:"How many runs saw it"`
	Since           time.Time          `json:"since" doc:"First seen since it was last resolved"`
	ResolvedAt      *time.Time         `json:"resolvedAt,omitempty" doc:"Start of the first run after lastSeen that looked and did not find it"`
	Reopened        int                `json:"reopened" doc:"How often it came back"`
	Investigated    *investigationBody `json:"investigated,omitempty"`
	Ignored         *ignoringBody      `json:"ignored,omitempty" doc:"The last word on it; it may be over"`
}

type investigationBody struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

type ignoringBody struct {
	By    string    `json:"by"`
	At    time.Time `json:"at"`
	Until time.Time `json:"until"`
}

// textBody is the free text of an issue: that of its newest sighting.
type textBody struct {
	Title         string   `json:"title"`
	Expected      string   `json:"expected,omitempty"`
	Actual        string   `json:"actual,omitempty"`
	Details       string   `json:"details,omitempty"`
	ReproduceHint string   `json:"reproduceHint,omitempty"`
	NextSteps     []string `json:"nextSteps,omitempty" doc:"As the task's author wrote them"`
	Summary       string   `json:"summary,omitempty"`
	Unreadable    bool     `json:"unreadable,omitempty" doc:"The text was changed since it was sealed, and is not shown"`
}

// showAll opens the text of issues, as they are at a time.
func (h *Handler) showAll(ctx context.Context, issues []issue.Issue, at time.Time) ([]issueBody, error) {
	shown := make([]issueBody, 0, len(issues))
	for _, i := range issues {
		text, err := h.openText(ctx, access.From(ctx), i)
		if err != nil {
			return nil, err
		}
		shown = append(shown, issueBody{showFacts(i, at), text})
	}
	return shown, nil
}

func showFacts(i issue.Issue, at time.Time) factsBody {
	b := factsBody{
		ID: string(i.ID), State: string(stateAt(i, at)), Severity: i.Severity, SeverityFlagged: i.SeverityFlagged,
		Task: i.Task, SLX: i.SLX, Resource: i.Resource, FirstSeen: i.FirstSeen, LastSeen: i.LastSeen, LastRun: string(i.LastRun),
		Sightings: i.Sightings, Runs: i.Runs, Since: i.Since, Reopened: i.Reopened,
	}
	if !i.ObservedAt.IsZero() {
		b.ObservedAt = &i.ObservedAt
	}
	if i.ResolvedAt.Before(issue.Unresolved) {
		b.ResolvedAt = &i.ResolvedAt
	}
	if v := i.Investigation; v != nil {
		b.Investigated = &investigationBody{v.By, v.At}
	}
	if v := i.Ignoring; v != nil {
		b.Ignored = &ignoringBody{v.By, v.At, v.Until}
	}
	return b
}

package assistants

import (
	"context"
	"time"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/issue"
)

// issueBody is an issue in the API.
type issueBody struct {
	FactsBody
	TextBody
}

// FactsBody is the fields of an issue that are not sealed.
type FactsBody struct {
	ID              string             `json:"id" class:"operational"`
	State           string             `json:"state" class:"metadata" enum:"detected,open,investigated,reopened,resolved,ignored"`
	Severity        int                `json:"severity" class:"metadata" doc:"1 (critical) to 4 (informational): the worst in the newest run that saw it"`
	SeverityFlagged bool               `json:"severityFlagged,omitempty" class:"metadata" doc:"The task reported no severity that is understood"`
	Task            string             `json:"task" class:"metadata"`
	SLX             string             `json:"slx,omitempty" class:"metadata"`
	Resource        string             `json:"resource,omitempty" class:"metadata"`
	FirstSeen       time.Time          `json:"firstSeen" class:"metadata" doc:"Start of the first run that saw it"`
	LastSeen        time.Time          `json:"lastSeen" class:"metadata" doc:"Start of the newest run that saw it"`
	LastRun         string             `json:"lastRun" class:"operational"`
	ObservedAt      *time.Time         `json:"observedAt,omitempty" class:"metadata" doc:"As the worst sighting in that run reports"`
	Sightings       int                `json:"sightings" class:"metadata"`
	Runs            int                `json:"runs" class:"metadata" doc:"Number of runs that saw it"`
	Since           time.Time          `json:"since" class:"metadata" doc:"First seen after it was last resolved"`
	ResolvedAt      *time.Time         `json:"resolvedAt,omitempty" class:"metadata" doc:"Start of the first success or failure run that began after the last sighting, by the platform's clock too, and did not find it"`
	Reopened        int                `json:"reopened" class:"metadata" doc:"Number of times it was seen again after it was resolved"`
	Investigated    *investigationBody `json:"investigated,omitempty"`
	Ignored         *ignoringBody      `json:"ignored,omitempty" doc:"The last time that the issue was ignored; until may have passed"`
}

type investigationBody struct {
	By string    `json:"by" class:"metadata"`
	At time.Time `json:"at" class:"metadata"`
}

type ignoringBody struct {
	By    string    `json:"by" class:"metadata"`
	At    time.Time `json:"at" class:"metadata"`
	Until time.Time `json:"until" class:"metadata"`

	Reason string `json:"reason,omitempty" class:"text" doc:"Why, in the words of the person. The responses of ignore and investigate do not have it"`
}

// TextBody is the free text of an issue: that of the worst sighting in the newest
// run that saw it.
type TextBody struct {
	Title         string   `json:"title" class:"text"`
	Expected      string   `json:"expected,omitempty" class:"text"`
	Actual        string   `json:"actual,omitempty" class:"text"`
	Details       string   `json:"details,omitempty" class:"text"`
	ReproduceHint string   `json:"reproduceHint,omitempty" class:"text"`
	NextSteps     []string `json:"nextSteps,omitempty" class:"text" doc:"As the author of the task wrote them"`
	Summary       string   `json:"summary,omitempty" class:"text"`
	Unreadable    bool     `json:"unreadable,omitempty" class:"metadata" doc:"The text cannot be decrypted or is not valid, and is not shown"`
}

// showAll opens the texts of issues, and shows the issues as of a time.
func (h *Handler) showAll(ctx context.Context, issues []issue.Issue, at time.Time) ([]issueBody, error) {
	shown := make([]issueBody, 0, len(issues))
	for _, i := range issues {
		text, err := h.openText(ctx, access.From(ctx), i)
		if err != nil {
			return nil, err
		}
		facts := showFacts(i, at)
		if err := h.openReason(ctx, access.From(ctx), i, facts.Ignored); err != nil {
			return nil, err
		}
		shown = append(shown, issueBody{facts, text})
	}
	return shown, nil
}

func showFacts(i issue.Issue, at time.Time) FactsBody {
	b := FactsBody{
		ID: string(i.ID), State: string(i.State(at)), Severity: i.Severity, SeverityFlagged: i.SeverityFlagged,
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
		b.Ignored = &ignoringBody{By: v.By, At: v.At, Until: v.Until}
	}
	return b
}

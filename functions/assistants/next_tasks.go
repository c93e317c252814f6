package assistants

import (
	"context"
	"fmt"
	"slices"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/library"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// maxRan is how many checks each of two queries reads, to find tasks that ran.
const maxRan = 100

// nextBody is the answer to which task to run next.
type nextBody struct {
	Tasks   []nextTaskBody `json:"tasks" doc:"The best first. Empty: the assistant is silent"`
	Below   int            `json:"below" class:"metadata" doc:"Number of matching tasks that score less than the assistant's relevance"`
	Silent  bool           `json:"silent" class:"metadata"`
	Summary string         `json:"summary" class:"text" doc:"The suggestion in a sentence, and a sentence for each thing that the answer does not know"`

	Withheld int `json:"withheld,omitempty" class:"metadata" doc:"Number of tasks that reach the relevance, but are not tagged as read-only, which this assistant requires"`
}

type nextTaskBody struct {
	Score         float64        `json:"score" class:"metadata" doc:"From 0 to 1"`
	From          string         `json:"from" class:"metadata" enum:"workspace,catalog" doc:"workspace: the workspace has run the task. The catalog may have it too"`
	ID            string         `json:"id,omitempty" class:"operational" doc:"ID in the catalog"`
	Name          string         `json:"name" class:"metadata"`
	Documentation string         `json:"documentation,omitempty" class:"metadata"`
	Suite         string         `json:"suite,omitempty" class:"metadata" doc:"Suite in the catalog"`
	Source        string         `json:"source,omitempty" class:"metadata" doc:"Address of the task's file"`
	SLX           string         `json:"slx,omitempty" class:"metadata" doc:"SLX of its last run"`
	Resource      string         `json:"resource,omitempty" class:"metadata" doc:"Resource of its last run"`
	Evidence      []evidenceBody `json:"evidence" doc:"Next steps for which the task reaches the relevance, the best first"`

	withheld bool // the access level does not allow it
}

type evidenceBody struct {
	Issue string   `json:"issue" class:"operational" doc:"The issue that has the next step"`
	Step  string   `json:"step" class:"text"`
	Score float64  `json:"score" class:"metadata"`
	Words []string `json:"words" class:"text" doc:"Words of the step that the task has, the most important first"`
}

// suggest ranks the tasks that match the next steps of the worst issues.
func (h *Handler) suggest(ctx context.Context, s access.Session, a AssistantBody, worst []issueBody) (nextBody, error) {
	steps := nextSteps(worst)
	if len(steps) == 0 {
		return nextBody{Tasks: []nextTaskBody{}, Silent: true, Summary: "I have nothing to suggest: none of the unresolved issues listed has a next step."}, nil
	}
	ran, err := readRanTasks(ctx, s, worst)
	if err != nil {
		return nextBody{}, err
	}
	index, err := h.cache.Current(ctx)
	if err != nil {
		return nextBody{}, err
	}
	found := ranking{}
	candidates := newCandidates(index, ran)
	for _, step := range steps {
		candidates.search(step, accessLevel(a.AccessLevel), found)
	}
	next := found.best(*a.Relevance)
	next.Silent, next.Summary = len(next.Tasks) == 0, nextSentence(next, *a.Relevance)
	return next, nil
}

func nextSentence(n nextBody, threshold float64) string {
	switch {
	case len(n.Tasks) > 0:
		return fmt.Sprintf("Run %q next; it scores %.2f.", n.Tasks[0].Name, n.Tasks[0].Score)
	case n.Withheld > 0:
		return fmt.Sprintf("No read-only task matches. Matching tasks that may make changes: %d.", n.Withheld)
	}
	return fmt.Sprintf("I have nothing to suggest: none of the %d matching tasks scores %.2f or more.", n.Below, threshold)
}

// readRanTasks returns tasks that the workspace has run: those of the SLXs of the
// issues first, and then those that ran last.
func readRanTasks(ctx context.Context, s access.Session, worst []issueBody) ([]nextTaskBody, error) {
	checks := records.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection(records.ChecksCollection)
	fields := checks.Select("task", "slx", "resource")
	queries := []firestore.Query{fields.OrderBy("lastRun.start", firestore.Desc).Limit(maxRan)}
	var slxs []string
	for _, i := range worst {
		if i.SLX != "" && !slices.Contains(slxs, i.SLX) {
			slxs = append(slxs, i.SLX)
		}
	}
	if len(slxs) > 0 {
		queries = slices.Insert(queries, 0, fields.Where("slx", "in", slxs).OrderBy("lastRun.start", firestore.Desc).Limit(maxRan))
	}
	var tasks []nextTaskBody
	seen := map[string]bool{}
	for _, query := range queries {
		found, err := decodeAll[issue.Check](query.Documents(ctx), "list tasks")
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			if key := library.NameKey(c.Task); !seen[key] {
				seen[key] = true
				tasks = append(tasks, nextTaskBody{From: "workspace", Name: c.Task, SLX: c.SLX, Resource: c.Resource})
			}
		}
	}
	return tasks, nil
}

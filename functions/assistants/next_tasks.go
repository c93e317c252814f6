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

// maxRan bounds the tasks that the workspace has run, by each of two queries.
const maxRan = 100

// nextBody is which task to run next.
type nextBody struct {
	Tasks  []nextTaskBody `json:"tasks" doc:"The best first; none: the assistant is silent"`
	Below  int            `json:"below" class:"metadata" doc:"Tasks that were found and score less than the assistant's relevance"`
	Silent bool           `json:"silent" class:"metadata"`
	Says   string         `json:"says" class:"text" doc:"In a sentence, and one for each thing that the answer does not know"`

	Withheld int `json:"withheld,omitempty" class:"metadata" doc:"Tasks that score enough, but do not say that they only read, as the assistant's level wants"`
}

type nextTaskBody struct {
	Score         float64        `json:"score" class:"metadata" doc:"From 0 to 1"`
	From          string         `json:"from" class:"metadata" enum:"workspace,catalog" doc:"workspace: it has run the task, which the catalog may have too"`
	ID            string         `json:"id,omitempty" class:"operational" doc:"In the catalog"`
	Name          string         `json:"name" class:"metadata"`
	Documentation string         `json:"documentation,omitempty" class:"metadata"`
	Suite         string         `json:"suite,omitempty" class:"metadata" doc:"In the catalog"`
	Source        string         `json:"source,omitempty" class:"metadata" doc:"Address of the task's file"`
	SLX           string         `json:"slx,omitempty" class:"metadata" doc:"That it served last"`
	Resource      string         `json:"resource,omitempty" class:"metadata" doc:"That it checked last"`
	Evidence      []evidenceBody `json:"evidence" doc:"Why: steps that alone score enough, the best first"`

	withheld bool // the assistant's level does not cover it
}

type evidenceBody struct {
	Issue string   `json:"issue" class:"operational" doc:"Whose next step asks for the task"`
	Step  string   `json:"step" class:"text"`
	Score float64  `json:"score" class:"metadata"`
	Words []string `json:"words" class:"text" doc:"Words of the step that the task has, the one that counts most first"`
}

// next ranks the tasks that the authors of the worst issues ask for.
func (h *Handler) next(ctx context.Context, s access.Session, a AssistantBody, worst []issueBody) (nextBody, error) {
	steps := stepsOf(worst)
	if len(steps) == 0 {
		return nextBody{Tasks: []nextTaskBody{}, Silent: true, Says: "I have nothing to suggest: no issue that stands names a next step."}, nil
	}
	ran, err := ranTasks(ctx, s, worst)
	if err != nil {
		return nextBody{}, err
	}
	public, err := h.cache.Current(ctx)
	if err != nil {
		return nextBody{}, err
	}
	found := ranking{}
	offer := newOffer(public, ran)
	for _, step := range steps {
		offer.search(step, level(a.AccessLevel), found)
	}
	next := found.best(*a.Relevance)
	next.Silent, next.Says = len(next.Tasks) == 0, says(next, *a.Relevance)
	return next, nil
}

func says(n nextBody, threshold float64) string {
	switch {
	case len(n.Tasks) > 0:
		return fmt.Sprintf("Run %q next; it scores %.2f.", n.Tasks[0].Name, n.Tasks[0].Score)
	case n.Withheld > 0:
		return fmt.Sprintf("I have nothing to suggest that says it only reads; %d that fit may write.", n.Withheld)
	}
	return fmt.Sprintf("I have nothing to suggest: of the tasks that I found, %d, none scores %.2f or more.", n.Below, threshold)
}

// ranTasks gives tasks that the workspace has run: those that serve the SLXs of
// issues, and those it ran last.
func ranTasks(ctx context.Context, s access.Session, worst []issueBody) ([]nextTaskBody, error) {
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

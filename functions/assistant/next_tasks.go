package assistant

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/catalog"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/rank"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// maxRan bounds the tasks that the workspace has run, by each of two queries.
const maxRan = 100

// nextBody is which task to run next.
type nextBody struct {
	Tasks  []nextTaskBody `json:"tasks" doc:"The best first; none: the assistant is silent"`
	Below  int            `json:"below" doc:"Tasks that were found and score less than the assistant's relevance"`
	Silent bool           `json:"silent"`
	Says   string         `json:"says" doc:"In a sentence, and one for each thing that the answer does not know"`
}

type nextTaskBody struct {
	Score         float64        `json:"score" doc:"From 0 to 1"`
	From          string         `json:"from" enum:"workspace,catalogue" doc:"The workspace has run it, or the public catalogue has it"`
	ID            string         `json:"id,omitempty" doc:"In the catalogue"`
	Name          string         `json:"name"`
	Documentation string         `json:"documentation,omitempty"`
	Source        string         `json:"source,omitempty" doc:"Address of the task's file"`
	SLX           string         `json:"slx,omitempty" doc:"That it served last"`
	Resource      string         `json:"resource,omitempty" doc:"That it checked last"`
	Evidence      []evidenceBody `json:"evidence" doc:"Why: the best first"`
}

type evidenceBody struct {
	Issue string   `json:"issue" doc:"Whose next step asks for the task"`
	Step  string   `json:"step"`
	Score float64  `json:"score"`
	Words []string `json:"words" doc:"Words of the step that the task has, the one that counts most first"`
}

// next ranks the tasks that the authors of the worst issues ask for.
func (h *Handler) next(ctx context.Context, s access.Session, a assistantBody, worst []issueBody) (nextBody, error) {
	steps := stepsOf(worst)
	if len(steps) == 0 {
		return nextBody{Tasks: []nextTaskBody{}, Silent: true, Says: "I have nothing to suggest: no issue that stands names a next step."}, nil
	}
	ran, err := ranTasks(ctx, s, worst)
	if err != nil {
		return nextBody{}, err
	}
	public, err := h.library(ctx)
	if err != nil {
		return nextBody{}, err
	}
	found, next := ranking{}, nextBody{}
	found.searchRan(steps, ran, public, level(a.AccessLevel))
	found.searchPublic(steps, public, level(a.AccessLevel))
	next.Tasks, next.Below = found.best(*a.Relevance)
	next.Silent, next.Says = len(next.Tasks) == 0, says(next, *a.Relevance)
	return next, nil
}

func says(n nextBody, threshold float64) string {
	if len(n.Tasks) > 0 {
		return fmt.Sprintf("Run %q next; it scores %.2f.", n.Tasks[0].Name, n.Tasks[0].Score)
	}
	return fmt.Sprintf("I have nothing to suggest: of the tasks that I found, %d, none scores %.2f or more.", n.Below, threshold)
}

// searchRan looks among the tasks that the workspace has run. Where the
// catalogue has a task of the same name, its words count too.
func (r ranking) searchRan(steps []step, ran []nextTaskBody, public *library, may level) {
	var documents []rank.Document
	tasks := map[string]nextTaskBody{}
	for _, t := range ran {
		d := rank.Document{ID: sameName(t.Name), Name: t.Name}
		if id, ok := public.named[d.ID]; ok {
			same := public.tasks[id]
			if !may.covers(same) {
				continue
			}
			t.ID, t.Documentation, t.Source = id, same.Documentation, same.Source
			d.Documentation, d.Tags = same.Documentation, same.Tags
		}
		documents, tasks[d.ID] = append(documents, d), t
	}
	index := rank.New(documents)
	for _, s := range steps {
		for _, m := range index.Search(s.text, maxPerStep) {
			r.add(s, tasks[m.ID], m)
		}
	}
}

func (r ranking) searchPublic(steps []step, public *library, may level) {
	for _, s := range steps {
		for _, m := range public.index.Search(s.text, maxPerStep) {
			if t := public.tasks[m.ID]; may.covers(t) {
				r.add(s, nextTaskBody{From: "catalogue", ID: m.ID, Name: t.Name, Documentation: t.Documentation, Source: t.Source}, m)
			}
		}
	}
}

// writes is how a task says by a tag that it changes what it looks at.
const writes = "access:read-write"

// covers reports whether a task does no more than the level allows.
func (l level) covers(t catalog.Task) bool {
	return l == readWrite || !slices.ContainsFunc(t.Tags, func(tag string) bool {
		return strings.EqualFold(strings.ReplaceAll(tag, " ", ""), writes)
	})
}

// ranTasks gives tasks that the workspace has run: those that serve the SLXs of
// issues, and those it ran last.
func ranTasks(ctx context.Context, s access.Session, worst []issueBody) ([]nextTaskBody, error) {
	checks := run.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection(issue.ChecksCollection)
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
			if key := sameName(c.Task); !seen[key] {
				seen[key] = true
				tasks = append(tasks, nextTaskBody{From: "workspace", Name: c.Task, SLX: c.SLX, Resource: c.Resource})
			}
		}
	}
	return tasks, nil
}

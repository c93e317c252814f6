package assistants

import (
	"context"
	"fmt"
	"slices"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/library"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/slx"
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

	// Its class never reaches a model, so it is apart from what a payload has of a task.
	Configured *ConfiguredBody `json:"configured,omitempty" doc:"Where the workspace's configuration has the task. Omitted: it does not have it"`

	withheld   bool      // the access level does not allow it
	configured bool      // the configuration has it
	place      slx.Place // where, if configured
}

type evidenceBody struct {
	Issue string   `json:"issue" class:"operational" doc:"The issue that has the next step"`
	Step  string   `json:"step" class:"text"`
	Score float64  `json:"score" class:"metadata"`
	Words []string `json:"words" class:"text" doc:"Words of the step that the task has, the most important first"`
}

// suggest ranks the tasks that match the next steps of the worst issues.
func (h *Handler) suggest(ctx context.Context, s access.Session, a AssistantBody, worst []issueBody) (nextBody, error) {
	var sources taskSources
	if len(nextSteps(worst)) > 0 {
		var err error
		if sources, err = readTaskSources(ctx, s, slxsOf(worst, func(i issueBody) string { return i.SLX })); err != nil {
			return nextBody{}, err
		}
	}
	return h.suggestFrom(ctx, s, sources, a, worst)
}

// taskSources is what a suggestion reads, except the catalog. Its texts are not opened.
type taskSources struct {
	ran    []nextTaskBody
	config *firestore.DocumentSnapshot // graph of the configuration
}

// readTaskSources reads the sources of a suggestion for issues of some SLXs.
func readTaskSources(ctx context.Context, s access.Session, slxs []string) (sources taskSources, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		sources.ran, err = readRanTasks(ctx, s, slxs)
		return err
	})
	group.Go(func() (err error) {
		sources.config, err = readConfigGraph(ctx, s)
		return err
	})
	err = group.Wait()
	return sources, err
}

// slxsOf returns the SLXs of issues, each once.
func slxsOf[I any](issues []I, slxOf func(I) string) (slxs []string) {
	for _, i := range issues {
		if name := slxOf(i); name != "" && !slices.Contains(slxs, name) {
			slxs = append(slxs, name)
		}
	}
	return slxs
}

// suggestFrom is suggest with sources that were read. If no issue has a next step, they may
// be empty.
func (h *Handler) suggestFrom(ctx context.Context, s access.Session, sources taskSources, a AssistantBody, worst []issueBody) (nextBody, error) {
	steps := nextSteps(worst)
	if len(steps) == 0 {
		return nextBody{Tasks: []nextTaskBody{}, Silent: true, Summary: "I have nothing to suggest: none of the unresolved issues listed has a next step."}, nil
	}
	index, err := h.cache.Current(ctx)
	if err != nil {
		return nextBody{}, err
	}
	config, err := h.openConfiguration(ctx, s, sources.config)
	if err != nil {
		return nextBody{}, err
	}
	found := ranking{}
	candidates := newCandidates(index, sources.ran, config)
	for _, step := range steps {
		candidates.search(step, accessLevel(a.AccessLevel), found)
	}
	next := found.best(*a.Relevance)
	if err := fillIn(ctx, config, next.Tasks, worst); err != nil {
		return nextBody{}, err
	}
	next.Silent, next.Summary = len(next.Tasks) == 0, nextSentence(next, *a.Relevance)
	return next, nil
}

// fillIn adds to each configured task where to run it for the issue of its best evidence.
func fillIn(ctx context.Context, config *configuration, tasks []nextTaskBody, worst []issueBody) (err error) {
	for n := range tasks {
		t := &tasks[n]
		if !t.configured || len(t.Evidence) == 0 {
			continue
		}
		at := slices.IndexFunc(worst, func(i issueBody) bool { return i.ID == t.Evidence[0].Issue })
		if t.Configured, err = config.place(ctx, t.place, t.Name, worst[at]); err != nil {
			return err
		}
	}
	return nil
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
func readRanTasks(ctx context.Context, s access.Session, slxs []string) ([]nextTaskBody, error) {
	checks := records.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection(records.ChecksCollection)
	fields := checks.Select("task", "slx", "resource")
	queries := []firestore.Query{fields.OrderBy("lastRun.start", firestore.Desc).Limit(maxRan)}
	if len(slxs) > 0 {
		queries = slices.Insert(queries, 0, fields.Where("slx", "in", slxs).OrderBy("lastRun.start", firestore.Desc).Limit(maxRan))
	}
	found := make([][]issue.Check, len(queries))
	group, ctx := errgroup.WithContext(ctx)
	for n, query := range queries {
		group.Go(func() (err error) {
			found[n], err = decodeAll[issue.Check](query.Documents(ctx), "list tasks")
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var tasks []nextTaskBody
	seen := map[string]bool{}
	for _, c := range slices.Concat(found...) {
		if key := library.NameKey(c.Task); !seen[key] {
			seen[key] = true
			tasks = append(tasks, nextTaskBody{From: "workspace", Name: c.Task, SLX: c.SLX, Resource: c.Resource})
		}
	}
	return tasks, nil
}

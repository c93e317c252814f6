package assistant

import (
	"context"
	"fmt"
	"net/http"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/catalog"
)

const (
	catalogPath = "/v1/catalog/tasks"
	prunePath   = "/v1/catalog/prune"
)

// The limits of the catalogue: each instance of this function holds all of it.
const (
	maxCatalogTasks = 20_000
	maxCatalogBody  = 4 << 20 // of one call; a commit has 10 MiB
)

func (h *Handler) registerCatalog() {
	put := h.operation("putTasks", http.MethodPut, catalogPath,
		"Put tasks into the public catalogue; repeatable", auditlog.WriteCatalog, 409, 413)
	put.MaxBodyBytes = maxCatalogBody
	api.Register(h.API, put, h.putTasks)
	api.Register(h.API, h.operation("searchTasks", http.MethodGet, catalogPath,
		"Search the public catalogue, the best first", auditlog.SearchCatalog), h.searchTasks)
	api.Register(h.API, h.operation("pruneTasks", http.MethodPost, prunePath,
		"Remove tasks of a source that are not of its edition, a page at a time; repeatable", auditlog.PruneCatalog, 409, 413), h.pruneTasks)
}

// TaskBody is a task of the catalog in the API. Its name is exported because the
// OpenAPI document omits the fields of embedded types that are not.
type TaskBody struct {
	Name          string   `json:"name" minLength:"1" maxLength:"500"`
	Documentation string   `json:"documentation,omitempty" maxLength:"4096"`
	Tags          []string `json:"tags,omitempty" maxItems:"100"`
	Suite         string   `json:"suite" minLength:"1" maxLength:"500"`
	Source        string   `json:"source" minLength:"1" maxLength:"1000" doc:"Address of the task's file"`

	DisplayName        string   `json:"displayName,omitempty" maxLength:"200" doc:"Of the suite, for people"`
	SuiteDocumentation string   `json:"suiteDocumentation,omitempty" maxLength:"1024"`
	Supports           []string `json:"supports,omitempty" maxItems:"50" doc:"What the suite is for, as Kubernetes"`
	Kind               string   `json:"kind,omitempty" enum:"sli" doc:"sli: a measurement, found but never suggested as next; none: a task to run"`
}

type putTasksRequest struct {
	Body struct {
		Tasks   []TaskBody `json:"tasks" minItems:"1" maxItems:"500"`
		Edition string     `json:"edition,omitempty" pattern:"^[a-z0-9-]{1,64}$" doc:"Mark of what the tasks are part of, for prune"`
	}
}

type putTasksResponse struct {
	Body struct {
		IDs     []string `json:"ids" doc:"In the order of the tasks; made of source, suite and name"`
		Written int      `json:"written" doc:"How many were new or other than before"`
	}
}

// maxTag bounds a tag, and what a suite supports, in bytes.
const maxTag = 200

func (r *putTasksRequest) parse() ([]catalog.Task, error) {
	tasks := make([]catalog.Task, len(r.Body.Tasks))
	seen := map[string]bool{}
	for n, t := range r.Body.Tasks {
		tasks[n] = catalog.Task(t)
		at := fmt.Sprintf("body.tasks[%d]", n)
		if seen[tasks[n].ID()] {
			return nil, api.Refuse(http.StatusUnprocessableEntity, "a task stands twice", api.Fault{Message: "source, suite and name are those of a task before", Location: at})
		}
		seen[tasks[n].ID()] = true
		for where, tags := range map[string][]string{at + ".tags": t.Tags, at + ".supports": t.Supports} {
			if err := checkTags(tags, where); err != nil {
				return nil, err
			}
		}
	}
	return tasks, nil
}

func checkTags(tags []string, where string) error {
	for _, tag := range tags {
		if tag == "" || len(tag) > maxTag {
			return api.Refuse(http.StatusUnprocessableEntity, "a tag is out of bounds", api.Fault{Message: fmt.Sprintf("a tag has 1 to %d bytes", maxTag), Location: where})
		}
	}
	return nil
}

func (h *Handler) putTasks(ctx context.Context, in *putTasksRequest) (*putTasksResponse, error) {
	tasks, err := in.parse()
	if err != nil {
		return nil, err
	}
	s := access.From(ctx)
	e := entry(s, auditlog.WriteCatalog, "catalogue")
	e.Counts = map[string]int64{"tasks": int64(len(tasks))}
	prepared, err := h.guard.Audit.Prepare(ctx, s.DB, e)
	if err != nil {
		return nil, err
	}
	out := &putTasksResponse{}
	put := put{tasks, in.Body.Edition, h.now()}
	if out.Body.Written, err = put.commit(ctx, s.DB, prepared); err != nil {
		return nil, err
	}
	for _, t := range tasks {
		out.Body.IDs = append(out.Body.IDs, t.ID())
	}
	return out, nil
}

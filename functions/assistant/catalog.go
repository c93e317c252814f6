package assistant

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/catalog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

const catalogPath = "/v1/catalog/tasks"

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
}

type taskBody struct {
	Name          string   `json:"name" minLength:"1" maxLength:"500"`
	Documentation string   `json:"documentation,omitempty" maxLength:"4096"`
	Tags          []string `json:"tags,omitempty" maxItems:"100"`
	Suite         string   `json:"suite" minLength:"1" maxLength:"500"`
	Source        string   `json:"source" minLength:"1" maxLength:"1000" doc:"Address of the task's file"`
}

type putTasksRequest struct {
	Body struct {
		Tasks []taskBody `json:"tasks" minItems:"1" maxItems:"500"`
	}
}

type putTasksResponse struct {
	Body struct {
		IDs     []string `json:"ids" doc:"In the order of the tasks; made of source, suite and name"`
		Written int      `json:"written" doc:"How many were new or other than before"`
	}
}

// maxTag bounds a tag, in bytes.
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
		for _, tag := range t.Tags {
			if tag == "" || len(tag) > maxTag {
				return nil, api.Refuse(http.StatusUnprocessableEntity, "a tag is out of bounds", api.Fault{Message: fmt.Sprintf("a tag has 1 to %d bytes", maxTag), Location: at + ".tags"})
			}
		}
	}
	return tasks, nil
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
	if out.Body.Written, err = putCatalog(ctx, s.DB, tasks, h.now(), prepared); err != nil {
		return nil, err
	}
	for _, t := range tasks {
		out.Body.IDs = append(out.Body.IDs, t.ID())
	}
	return out, nil
}

// edition says which catalogue there is. It lies at platform/catalogue.
type edition struct {
	Version string    `firestore:"version"` // another one after every change; empty: there is no catalogue
	Tasks   int       `firestore:"tasks"`
	Changed time.Time `firestore:"changed"`
}

func editionRef(db *firestore.Client) *firestore.DocumentRef {
	return db.Collection("platform").Doc("catalogue")
}

// putCatalog writes those tasks that are new or other than before, and puts it
// on record, in one commit.
func putCatalog(ctx context.Context, db *firestore.Client, tasks []catalog.Task, now time.Time, entry auditlog.Prepared) (written int, err error) {
	all := refs(editionRef(db))
	for _, t := range tasks {
		all = append(all, db.Collection(catalogCollection).Doc(t.ID()))
	}
	version := uuid.NewString()
	err = gcp.Transact(ctx, db, func(_ context.Context, tx *firestore.Transaction) error {
		docs, err := tx.GetAll(all)
		if err != nil {
			return fmt.Errorf("read catalogue: %w", err)
		}
		c, err := compare(docs, tasks)
		if err != nil {
			return err
		}
		written = len(c.changed)
		if written == 0 {
			return nil
		}
		c.edition.Version, c.edition.Changed = version, now
		return c.write(tx, db, entry)
	})
	return written, err
}

package catalog

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/catalog"
	"github.com/strongroom-dev/strongroom/shared/library"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// maxTagBytes bounds a tag, and an item of supports.
const maxTagBytes = 200

// TaskBody is a task of the catalog in the API. Its name is exported because the
// OpenAPI document omits the fields of embedded types that are not.
type TaskBody struct {
	Name          string   `json:"name" class:"public" minLength:"1" maxLength:"500"`
	Documentation string   `json:"documentation,omitempty" class:"public" maxLength:"4096"`
	Tags          []string `json:"tags,omitempty" class:"public" maxItems:"100"`
	Suite         string   `json:"suite" class:"public" minLength:"1" maxLength:"500"`
	Source        string   `json:"source" class:"public" minLength:"1" maxLength:"1000" doc:"Address of the task's file"`

	DisplayName        string   `json:"displayName,omitempty" class:"public" maxLength:"200" doc:"Name of the suite to show to people"`
	SuiteDocumentation string   `json:"suiteDocumentation,omitempty" class:"public" maxLength:"1024"`
	Supports           []string `json:"supports,omitempty" class:"public" maxItems:"50" doc:"Platforms that the suite is for, such as Kubernetes"`
	Kind               string   `json:"kind,omitempty" class:"public" enum:"sli" doc:"sli: a measurement, which a search finds but an assistant never suggests. Omitted: a task to run"`
}

// TransformSchema implements huma.SchemaTransformer. It bounds the items, for which
// struct tags have no form.
func (TaskBody) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	for _, name := range []string{"tags", "supports"} {
		items := s.Properties[name].Items
		least, most := 1, maxTagBytes
		items.MinLength, items.MaxLength = &least, &most
		items.PrecomputeMessages()
	}
	return s
}

type putTasksRequest struct {
	Body struct {
		Tasks   []TaskBody `json:"tasks" minItems:"1" maxItems:"500"`
		Edition string     `json:"edition,omitempty" class:"public" pattern:"^[a-z0-9-]{1,64}$" doc:"Label of the version of the source that has these tasks, for prune. Omitted: each task keeps its edition"`
	}
}

type putTasksResponse struct {
	Body struct {
		IDs     []string `json:"ids" class:"operational" doc:"IDs of the tasks, in the same order. An ID is a hash of source, suite and name"`
		Written int      `json:"written" class:"operational" doc:"Number of tasks that were new or changed"`
	}
}

func (h *Handler) putTasks(ctx context.Context, in *putTasksRequest) (*putTasksResponse, error) {
	tasks, err := in.parse()
	if err != nil {
		return nil, err
	}
	entry, err := h.prepare(ctx, auditlog.WriteCatalog, len(tasks))
	if err != nil {
		return nil, err
	}
	out := &putTasksResponse{}
	upload := catalogUpload{tasks: tasks, edition: in.Body.Edition, at: h.now()}
	if out.Body.Written, err = upload.commit(ctx, access.From(ctx).DB, entry); err != nil {
		return nil, err
	}
	for _, t := range tasks {
		out.Body.IDs = append(out.Body.IDs, t.ID())
	}
	return out, nil
}

func (r *putTasksRequest) parse() ([]catalog.Task, error) {
	tasks := make([]catalog.Task, len(r.Body.Tasks))
	seen := map[string]bool{}
	for n, t := range r.Body.Tasks {
		t.Name, t.Suite = run.CanonicalName(t.Name), run.CanonicalName(t.Suite)
		tasks[n] = catalog.Task(t)
		location := fmt.Sprintf("body.tasks[%d]", n)
		if t.Name == "" || t.Suite == "" {
			return nil, api.Refuse(http.StatusUnprocessableEntity, "invalid name",
				api.Fault{Message: "the name and the suite must have visible characters", Location: location})
		}
		if seen[tasks[n].ID()] {
			return nil, api.Refuse(http.StatusUnprocessableEntity, "duplicate task",
				api.Fault{Message: "an earlier task has the same source, suite and name; send each task once", Location: location})
		}
		seen[tasks[n].ID()] = true
		for where, tags := range map[string][]string{location + ".tags": t.Tags, location + ".supports": t.Supports} {
			if err := checkTags(tags, where); err != nil {
				return nil, err
			}
		}
	}
	return tasks, nil
}

func checkTags(tags []string, location string) error {
	for _, tag := range tags {
		if tag == "" || len(tag) > maxTagBytes {
			return api.Refuse(http.StatusUnprocessableEntity, "invalid tag",
				api.Fault{Message: fmt.Sprintf("a tag must have 1 to %d bytes", maxTagBytes), Location: location})
		}
	}
	return nil
}

// catalogUpload is the set of tasks that one call stores.
type catalogUpload struct {
	tasks   []catalog.Task
	edition string // empty: each task keeps its edition
	at      time.Time
}

// commit writes the tasks that are new or changed, relabels those of another
// edition, and writes the audit entry, all in one commit. It returns the number
// of tasks that are new or changed. If there is nothing to write, it writes
// nothing, not even the entry.
func (u catalogUpload) commit(ctx context.Context, db *firestore.Client, entry auditlog.Prepared) (written int, err error) {
	refs := []*firestore.DocumentRef{library.RegisterRef(db)}
	for _, t := range u.tasks {
		refs = append(refs, library.EntryRef(db, t.ID()))
	}
	version := uuid.NewString()
	err = entry.Commit(ctx, db, func(tx *firestore.Transaction) (acts bool, err error) {
		docs, err := tx.GetAll(refs)
		if err != nil {
			return false, fmt.Errorf("read catalog: %w", err)
		}
		diff, err := u.compare(docs)
		if err != nil {
			return false, err
		}
		if written = len(diff.changed); written > 0 {
			diff.register.Version, diff.register.Changed = version, u.at
		}
		return !diff.isEmpty(), diff.write(tx, db)
	})
	return written, err
}

// catalogDiff is what an upload changes.
type catalogDiff struct {
	register  library.Register // after the upload
	changed   []library.Entry  // new, or with another content
	relabeled []library.Entry  // with another edition only
}

// compare finds out what an upload changes. docs are the register and then the
// entry of each task.
func (u catalogUpload) compare(docs []*firestore.DocumentSnapshot) (diff catalogDiff, err error) {
	if diff.register, err = library.DecodeRegister(docs[0]); err != nil {
		return catalogDiff{}, err
	}
	for n, t := range u.tasks {
		var before library.Entry
		doc := docs[n+1]
		if !doc.Exists() {
			diff.register.Tasks++
			diff.register.Bytes += library.Bytes(t)
			diff.changed = append(diff.changed, library.Entry{Task: t, Edition: u.edition})
			continue
		}
		if err := doc.DataTo(&before); err != nil {
			return catalogDiff{}, fmt.Errorf("decode task: %w", err)
		}
		after := library.Entry{Task: t, Edition: cmp.Or(u.edition, before.Edition), Enrichment: before.Enrichment}
		switch {
		case !equal(before.Task, t):
			after.Enrichment = catalog.Enrichment{} // it describes the old version
			diff.changed = append(diff.changed, after)
			diff.register.Bytes += library.Bytes(t) - library.Bytes(before.Task)
		case before.Edition != after.Edition:
			diff.relabeled = append(diff.relabeled, after)
		}
	}
	if diff.register.Tasks > library.MaxTasks || diff.register.Bytes > library.MaxBytes {
		return catalogDiff{}, api.Refuse(http.StatusConflict, fmt.Sprintf("the catalog may have at most %d tasks with %d MiB of text; prune it, or upload less",
			library.MaxTasks, library.MaxBytes>>20))
	}
	return diff, nil
}

// equal compares whole tasks. A list that is missing equals an empty one, as
// Firestore returns one for the other.
func equal(a, b catalog.Task) bool {
	for _, t := range []*catalog.Task{&a, &b} {
		t.Tags, t.Supports = append([]string{}, t.Tags...), append([]string{}, t.Supports...)
	}
	return reflect.DeepEqual(a, b)
}

func (d catalogDiff) isEmpty() bool { return len(d.changed)+len(d.relabeled) == 0 }

func (d catalogDiff) write(tx *firestore.Transaction, db *firestore.Client) error {
	for _, e := range slices.Concat(d.changed, d.relabeled) {
		if err := tx.Set(library.EntryRef(db, e.ID()), e); err != nil {
			return fmt.Errorf("write task: %w", err)
		}
	}
	if len(d.changed) > 0 {
		if err := tx.Set(library.RegisterRef(db), d.register); err != nil {
			return fmt.Errorf("write the catalog's register: %w", err)
		}
	}
	return nil
}

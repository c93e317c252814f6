package catalog

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"cloud.google.com/go/firestore"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/catalog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/library"
	"github.com/strongroom-dev/strongroom/shared/model"
	"github.com/strongroom-dev/strongroom/shared/prompt"
)

const enrichPath = "/v1/catalog/enrich"

// The limits of one call. The tasks are sent at the same time, because a call has 60 s
// and an answer may take most of it.
const (
	maxEnriched      = 10
	maxEnrichedBytes = maxEnriched * (100<<10 + 1<<10)
)

type enrichRequest struct {
	Body struct {
		Tasks []enrichTask `json:"tasks" minItems:"1" maxItems:"10"`
		Again bool         `json:"again,omitempty" class:"operational" doc:"Enrich tasks again that are enriched already"`
	}
}

type enrichTask struct {
	ID   string `json:"id" class:"operational" pattern:"^[0-9a-f]{64}$"`
	Code string `json:"code,omitempty" class:"public" maxLength:"102400" doc:"The task's file, as it is published at its source"`
}

type enrichResponse struct {
	Body struct {
		Results []enrichResult `json:"results" doc:"One for each task, in the same order"`
	}
}

type enrichResult struct {
	ID         string          `json:"id" class:"operational"`
	Status     string          `json:"status" class:"operational" enum:"enriched,unchanged,failed" doc:"unchanged: the task is enriched already"`
	Code       string          `json:"code,omitempty" class:"operational" doc:"Why it failed, as a stable word for programs"`
	Detail     string          `json:"detail,omitempty" class:"operational" doc:"Why it failed, and what to do"`
	Entry      string          `json:"entry,omitempty" class:"operational" doc:"ID of the entry models.send in the platform's audit log"`
	Enrichment *enrichmentBody `json:"enrichment,omitempty"`

	task  catalog.Task       // that was described
	found catalog.Enrichment // zero: none
}

func (r *enrichResult) fail(code, detail string) {
	r.Status, r.Code, r.Detail = "failed", code, detail
}

// enrich asks the platform's model to describe tasks, and stores the descriptions in one
// commit. A task that fails does not affect the others.
func (h *Handler) enrich(ctx context.Context, in *enrichRequest) (*enrichResponse, error) {
	out := &enrichResponse{}
	out.Body.Results = make([]enrichResult, len(in.Body.Tasks))
	db := access.From(ctx).DB
	var refs []*firestore.DocumentRef
	seen := map[string]bool{}
	for n, t := range in.Body.Tasks {
		if seen[t.ID] {
			return nil, api.Refuse(http.StatusUnprocessableEntity, "duplicate task",
				api.Fault{Message: "an earlier task has the same ID; send each task once", Location: fmt.Sprintf("body.tasks[%d].id", n)})
		}
		seen[t.ID] = true
		refs = append(refs, library.EntryRef(db, t.ID))
	}
	docs, err := db.GetAll(ctx, refs)
	if err != nil {
		return nil, fmt.Errorf("read catalog: %w", err)
	}
	var group sync.WaitGroup
	for n, t := range in.Body.Tasks {
		result := &out.Body.Results[n]
		result.ID = t.ID
		group.Go(func() {
			if err := h.describe(ctx, docs[n], t.Code, in.Body.Again, result); err != nil {
				p := api.ToProblem(ctx, err)
				result.fail(p.Code, p.Detail)
			}
		})
	}
	group.Wait()
	return out, h.storeEnrichments(ctx, out.Body.Results)
}

// describe asks the model about one task. The error is internal.
func (h *Handler) describe(ctx context.Context, doc *firestore.DocumentSnapshot, code string, again bool, result *enrichResult) error {
	if !doc.Exists() {
		result.fail("not-found", "the catalog has no such task; upload it first")
		return nil
	}
	var entry library.Entry
	if err := doc.DataTo(&entry); err != nil {
		return fmt.Errorf("decode task: %w", err)
	}
	if result.task = entry.Task; !entry.Enrichment.IsZero() && !again {
		result.Status, result.Enrichment = "unchanged", showEnrichment(entry.Enrichment)
		return nil
	}
	s := access.From(ctx)
	answer, err := h.models.Send(ctx, model.Request{
		DB: s.DB, Actor: auditlog.By(s.Principal), Resource: "catalog", Payload: enrichmentPayload(entry.Task, code),
	})
	result.Entry = answer.Entry
	var refused *consent.Refusal
	if errors.As(err, &refused) {
		result.Entry = refused.Entry
		result.fail(string(refused.Code), refused.Error())
		return nil
	}
	if err != nil {
		return err
	}
	if result.found, err = catalog.ParseEnrichment(answer.Text); err != nil {
		result.fail(string(consent.CodeAnswer), err.Error())
		return nil
	}
	result.found.By, result.found.At = answer.Model, h.now()
	return nil
}

func enrichmentPayload(t catalog.Task, code string) prompt.Enrichment {
	return prompt.Enrichment{Code: code, Task: prompt.CatalogTask{
		Name: t.Name, Documentation: t.Documentation, Tags: t.Tags, Suite: t.Suite, SuiteDocumentation: t.SuiteDocumentation, Source: t.Source,
	}}
}

// storeEnrichments stores what was found, with one audit entry, and sets the statuses. A
// task that has changed since it was described keeps none.
func (h *Handler) storeEnrichments(ctx context.Context, results []enrichResult) error {
	db := access.From(ctx).DB
	refs := []*firestore.DocumentRef{library.RegisterRef(db)}
	var found []*enrichResult
	for n := range results {
		if !results[n].found.IsZero() {
			found = append(found, &results[n])
			refs = append(refs, library.EntryRef(db, results[n].ID))
		}
	}
	if len(found) == 0 {
		return nil
	}
	prepared, err := h.prepare(ctx, auditlog.EnrichCatalog, len(found))
	if err != nil {
		return err
	}
	version := uuid.NewString()
	return prepared.Commit(ctx, db, func(tx *firestore.Transaction) (acts bool, err error) {
		docs, err := tx.GetAll(refs)
		if err != nil {
			return false, fmt.Errorf("read catalog: %w", err)
		}
		for n, r := range found {
			stored, err := r.store(tx, docs[n+1])
			if err != nil {
				return false, err
			}
			acts = acts || stored
		}
		register, err := library.DecodeRegister(docs[0])
		if err != nil || !acts {
			return false, err
		}
		register.Version, register.Changed = version, h.now()
		if err := tx.Set(docs[0].Ref, register); err != nil {
			return false, fmt.Errorf("write the catalog's register: %w", err)
		}
		return true, nil
	})
}

// store writes one enrichment in tx, if the task is still the one that it describes.
func (r *enrichResult) store(tx *firestore.Transaction, doc *firestore.DocumentSnapshot) (bool, error) {
	var entry library.Entry
	if doc.Exists() {
		if err := doc.DataTo(&entry); err != nil {
			return false, fmt.Errorf("decode task: %w", err)
		}
	}
	if !doc.Exists() || !equal(entry.Task, r.task) {
		r.fail("conflict", "the task has changed meanwhile; enrich it again")
		return false, nil
	}
	entry.Enrichment = r.found
	if err := tx.Set(doc.Ref, entry); err != nil {
		return false, fmt.Errorf("write task: %w", err)
	}
	r.Status, r.Code, r.Detail, r.Enrichment = "enriched", "", "", showEnrichment(r.found)
	return true, nil
}

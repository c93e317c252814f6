package assistant

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// prunePage is how many tasks one call looks at, and removes at most.
const prunePage = 400

type pruneTasksRequest struct {
	Body struct {
		Source    string `json:"source" minLength:"2" maxLength:"1000" pattern:"/$" doc:"What the sources of the tasks begin with"`
		Edition   string `json:"edition" pattern:"^[a-z0-9-]{1,64}$" doc:"That was put last: tasks that are not of it go"`
		PageToken string `json:"pageToken,omitempty" pattern:"^[0-9a-f]{64}$" doc:"A nextPageToken of the call before"`
	}
}

type pruneTasksResponse struct {
	Body struct {
		Removed       int    `json:"removed"`
		NextPageToken string `json:"nextPageToken,omitempty" doc:"Call again with it; none: all is done"`
	}
}

// pruneTasks removes the tasks of one page of the catalogue that are of the
// source and not of the edition. An edition that no task of the source has is
// refused: it was not put, and all would go.
func (h *Handler) pruneTasks(ctx context.Context, in *pruneTasksRequest) (*pruneTasksResponse, error) {
	s, p := access.From(ctx), prune{in.Body.Source, in.Body.Edition}
	if err := p.check(ctx, s.DB); err != nil {
		return nil, err
	}
	page, err := prunable(ctx, s.DB, in.Body.PageToken)
	if err != nil {
		return nil, err
	}
	out := &pruneTasksResponse{}
	if len(page) == prunePage {
		out.Body.NextPageToken = page[len(page)-1].Ref.ID
	}
	stale, err := p.stale(page)
	if err != nil || len(stale) == 0 {
		return out, err
	}
	e := entry(s, auditlog.PruneCatalog, "catalogue")
	e.Counts = map[string]int64{"tasks": int64(len(stale))}
	prepared, err := h.guard.Audit.Prepare(ctx, s.DB, e)
	if err != nil {
		return nil, err
	}
	out.Body.Removed, err = p.remove(ctx, s.DB, stale, h.now(), prepared)
	return out, err
}

// prune says which tasks go.
type prune struct{ source, edition string }

func (p prune) goes(e catalogEntry) bool {
	return strings.HasPrefix(e.Source, p.source) && e.Edition != p.edition
}

func (p prune) check(ctx context.Context, db *firestore.Client) error {
	docs, err := db.Collection(catalogCollection).Where("edition", "==", p.edition).Limit(1).Select("source").Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("find edition: %w", err)
	}
	for _, doc := range docs {
		if source, _ := doc.DataAt("source"); strings.HasPrefix(fmt.Sprint(source), p.source) {
			return nil
		}
	}
	return api.Refuse(http.StatusConflict, "no task of this source is of this edition; put its tasks first")
}

// prunable gives one page of the catalogue, in the order of ids: not more than
// tells what goes.
func prunable(ctx context.Context, db *firestore.Client, token string) ([]*firestore.DocumentSnapshot, error) {
	query := db.Collection(catalogCollection).Select("source", "edition").OrderBy(firestore.DocumentID, firestore.Asc).Limit(prunePage)
	if token != "" {
		query = query.StartAfter(token)
	}
	docs, err := query.Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	return docs, nil
}

func (p prune) stale(docs []*firestore.DocumentSnapshot) (stale []*firestore.DocumentRef, err error) {
	for _, doc := range docs {
		var e catalogEntry
		if doc.Exists() {
			err = doc.DataTo(&e)
		}
		if err != nil {
			return nil, fmt.Errorf("read catalogue: %w", err)
		}
		if doc.Exists() && p.goes(e) {
			stale = append(stale, doc.Ref)
		}
	}
	return stale, nil
}

// remove removes those of tasks that still are to go, and puts it on record, in
// one commit.
func (p prune) remove(ctx context.Context, db *firestore.Client, tasks []*firestore.DocumentRef, now time.Time, entry auditlog.Prepared) (removed int, err error) {
	version := uuid.NewString()
	err = gcp.Transact(ctx, db, func(_ context.Context, tx *firestore.Transaction) error {
		docs, err := tx.GetAll(append(refs(registerRef(db)), tasks...))
		if err != nil {
			return fmt.Errorf("read catalogue: %w", err)
		}
		stale, err := p.stale(docs[1:])
		if removed = len(stale); err != nil || removed == 0 {
			return err
		}
		r, err := readRegister(docs[0])
		if err != nil {
			return err
		}
		for _, ref := range stale {
			if err := tx.Delete(ref); err != nil {
				return fmt.Errorf("prune catalogue: %w", err)
			}
		}
		if err := tx.Set(registerRef(db), register{version, max(0, r.Tasks-removed), now}); err != nil {
			return fmt.Errorf("prune catalogue: %w", err)
		}
		return entry.Write(tx)
	})
	return removed, err
}

package catalog

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
	"github.com/strongroom-dev/strongroom/shared/library"
)

// prunePageSize is how many tasks one call checks, and removes at most: all
// deletions of a call are in one commit.
const prunePageSize = 400

type pruneTasksRequest struct {
	Body struct {
		Source    string `json:"source" class:"public" minLength:"2" maxLength:"1000" pattern:"/$" doc:"Prefix of the sources of the tasks"`
		Edition   string `json:"edition" class:"public" pattern:"^[a-z0-9-]{1,64}$" doc:"The newest edition: tasks of the source with another edition are removed"`
		PageToken string `json:"pageToken,omitempty" class:"operational" maxLength:"32768" doc:"nextPageToken of the previous call"`
	}
}

type pruneTasksResponse struct {
	Body struct {
		Removed       int    `json:"removed" class:"operational" doc:"Number of tasks that this call removed"`
		NextPageToken string `json:"nextPageToken,omitempty" class:"operational" doc:"Call again with this token. Omitted: the catalog is pruned"`
	}
}

// pruneTasks checks one page of the catalog, and removes the tasks of the source
// that do not have the edition. It refuses an edition that no task of the source
// has: nobody uploaded it, and all tasks of the source would be removed.
func (h *Handler) pruneTasks(ctx context.Context, in *pruneTasksRequest) (*pruneTasksResponse, error) {
	db, filter := access.From(ctx).DB, pruneFilter{source: in.Body.Source, edition: in.Body.Edition}
	if err := filter.checkEdition(ctx, db); err != nil {
		return nil, err
	}
	after, err := access.ParsePageToken[string](ctx, in.Body.PageToken, filter.key())
	if err != nil {
		return nil, err
	}
	page, err := readPrunePage(ctx, db, after)
	if err != nil {
		return nil, err
	}
	out := &pruneTasksResponse{}
	if len(page) == prunePageSize {
		out.Body.NextPageToken = access.PageToken(ctx, page[len(page)-1].Ref.ID, filter.key())
	}
	stale, _, err := filter.stale(page)
	if err != nil || len(stale) == 0 {
		return out, err
	}
	entry, err := h.prepare(ctx, auditlog.PruneCatalog, len(stale))
	if err != nil {
		return nil, err
	}
	out.Body.Removed, err = filter.remove(ctx, db, stale, h.now(), entry)
	return out, err
}

// readPrunePage reads one page of the catalog in the order of IDs, with only the
// fields that a pruneFilter needs. The page starts after an ID, or at the first one
// if after is empty.
func readPrunePage(ctx context.Context, db *firestore.Client, after string) ([]*firestore.DocumentSnapshot, error) {
	query := db.Collection(library.Collection).Select("source", "edition").OrderBy(firestore.DocumentID, firestore.Asc).Limit(prunePageSize)
	if after != "" {
		query = query.StartAfter(after)
	}
	docs, err := query.Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("read catalog: %w", err)
	}
	return docs, nil
}

// pruneFilter selects the tasks of a source, which is a prefix, that do not have
// an edition.
type pruneFilter struct{ source, edition string }

// key identifies the filter for a page token.
func (f pruneFilter) key() string { return fmt.Sprintf("prune %q %q", f.source, f.edition) }

func (f pruneFilter) isStale(e library.Entry) bool {
	return strings.HasPrefix(e.Source, f.source) && e.Edition != f.edition
}

// checkEdition refuses an edition that no task of the source has.
func (f pruneFilter) checkEdition(ctx context.Context, db *firestore.Client) error {
	docs, err := db.Collection(library.Collection).Where("edition", "==", f.edition).Limit(1).Select("source").Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("find edition: %w", err)
	}
	for _, doc := range docs {
		if source, _ := doc.DataAt("source"); strings.HasPrefix(fmt.Sprint(source), f.source) {
			return nil
		}
	}
	return api.Refuse(http.StatusConflict, "no task from this source has this edition; upload its tasks first")
}

// stale returns the stale tasks among docs, and how many bytes of text docs have of
// them.
func (f pruneFilter) stale(docs []*firestore.DocumentSnapshot) (stale []*firestore.DocumentRef, bytes int, err error) {
	for _, doc := range docs {
		if !doc.Exists() {
			continue
		}
		var e library.Entry
		if err := doc.DataTo(&e); err != nil {
			return nil, 0, fmt.Errorf("decode task: %w", err)
		}
		if f.isStale(e) {
			stale, bytes = append(stale, doc.Ref), bytes+library.Bytes(e.Task)
		}
	}
	return stale, bytes, nil
}

// remove removes those of the tasks that are still stale, and writes the audit
// entry, in one commit. It returns how many tasks it removed.
func (f pruneFilter) remove(ctx context.Context, db *firestore.Client, tasks []*firestore.DocumentRef, now time.Time, entry auditlog.Prepared) (removed int, err error) {
	version := uuid.NewString()
	err = entry.Commit(ctx, db, func(tx *firestore.Transaction) (acts bool, err error) {
		docs, err := tx.GetAll(append([]*firestore.DocumentRef{library.RegisterRef(db)}, tasks...))
		if err != nil {
			return false, fmt.Errorf("read catalog: %w", err)
		}
		stale, bytes, err := f.stale(docs[1:])
		if removed = len(stale); err != nil || removed == 0 {
			return false, err
		}
		register, err := library.DecodeRegister(docs[0])
		if err != nil {
			return false, err
		}
		for _, ref := range stale {
			if err := tx.Delete(ref); err != nil {
				return false, fmt.Errorf("remove task: %w", err)
			}
		}
		register = library.Register{
			Version: version, Tasks: max(0, register.Tasks-removed), Bytes: max(0, register.Bytes-bytes), Changed: now,
		}
		if err := tx.Set(library.RegisterRef(db), register); err != nil {
			return false, fmt.Errorf("write the catalog's register: %w", err)
		}
		return true, nil
	})
	return removed, err
}

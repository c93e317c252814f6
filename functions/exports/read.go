package exports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
)

type exportRequest struct {
	Export string `path:"export" class:"operational"`
}

type getResponse struct {
	Body struct {
		ExportBody
		ProgressBody
	}
}

func (h *Handler) get(ctx context.Context, in *exportRequest) (*getResponse, error) {
	id, err := parseID(in.Export)
	if err != nil {
		return nil, err
	}
	s := access.From(ctx)
	home := homeOf(s)
	e, err := home.Get(ctx, id)
	if err != nil {
		return nil, toProblem(err)
	}
	progress, err := home.Progress(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &getResponse{}
	out.Body.ExportBody, out.Body.ProgressBody = show(s.Tenant, e), showProgress(e, progress, h.deps.Now())
	return out, nil
}

// cancel ends an export. Parts that are being written are not part of anything.
func (h *Handler) cancel(ctx context.Context, in *exportRequest) (*exportResponse, error) {
	s := access.From(ctx)
	id, err := parseID(in.Export)
	if err != nil {
		return nil, err
	}
	e, err := h.jobs.Cancel(ctx, homeOf(s), id, entry(s, s.Tenant.ID, auditlog.CancelExport, "exports/"+string(id)))
	if err != nil {
		return nil, toProblem(err)
	}
	return &exportResponse{show(s.Tenant, e)}, nil
}

type listRequest struct {
	PageSize  int    `query:"pageSize" class:"operational" minimum:"1" maximum:"200" default:"50"`
	PageToken string `query:"pageToken" class:"operational"`
}

type listResponse struct {
	Body struct {
		Exports []ExportBody `json:"exports"`
		Next    string       `json:"nextPageToken,omitempty" class:"operational" doc:"Token for the next page; absent on the last page"`
	}
}

// listMemory is what the largest page needs: 200 exports with the names of 100 workspaces of 63
// bytes each, once as they are shown and twice as JSON that grows.
const listMemory = 6 << 20

// exportPosition is the position of the last export of a page.
type exportPosition struct {
	Created int64     `json:"c"` // microseconds since 1970
	ID      export.ID `json:"i"`
}

func (h *Handler) list(ctx context.Context, in *listRequest) (*listResponse, error) {
	last, err := access.ParsePageToken[exportPosition](ctx, in.PageToken, "exports")
	if err != nil {
		return nil, err
	}
	s := access.From(ctx)
	query := homeOf(s).Exports().OrderBy("created", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc)
	if last != (exportPosition{}) {
		query = query.StartAfter(time.UnixMicro(last.Created), string(last.ID))
	}
	out := &listResponse{}
	out.Body.Exports = []ExportBody{}
	docs := query.Limit(in.PageSize + 1).Documents(ctx)
	defer docs.Stop()
	for {
		doc, err := docs.Next() // one by one: a document takes more memory than what is shown of it
		if errors.Is(err, iterator.Done) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list exports: %w", err)
		}
		if len(out.Body.Exports) == in.PageSize {
			out.Body.Next = access.PageToken(ctx, last, "exports")
			return out, nil
		}
		e, err := exportjob.Decode[export.Export](doc)
		if err != nil {
			return nil, err
		}
		out.Body.Exports = append(out.Body.Exports, show(s.Tenant, e))
		last = exportPosition{e.Created.UnixMicro(), e.ID}
	}
}

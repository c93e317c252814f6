package assistant

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

const sliPath = workspacePath + "/slis/{sli}"

func (h *Handler) registerSLIs() {
	api.Register(h.API, h.operation("listSLIs", http.MethodGet, workspacePath+"/slis",
		"List SLIs and how they do, by name", auditlog.ListSLIs), h.listSLIs)
	api.Register(h.API, h.operation("getSLI", http.MethodGet, sliPath,
		"Read how an SLI does", auditlog.ReadSLI, 404), h.getSLI)
	api.Register(h.API, h.operation("setSLI", http.MethodPut, sliPath,
		"Set an SLI's objective and thresholds; repeatable", auditlog.SetSLI, 404, 413), h.setSLI)
}

type listSLIsRequest struct {
	Workspace string `path:"workspace"`
	PageSize  int    `query:"pageSize" minimum:"1" maximum:"200" default:"50"`
	PageToken string `query:"pageToken" maxLength:"1024"`
}

type listSLIsResponse struct {
	Body struct {
		AsOf          time.Time `json:"asOf"`
		SLIs          []sliBody `json:"slis"`
		NextPageToken string    `json:"nextPageToken,omitempty"`
	}
}

func slisOf(s access.Session) firestore.Query {
	return run.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection(sli.Collection).OrderBy("name", firestore.Asc)
}

func (h *Handler) listSLIs(ctx context.Context, in *listSLIsRequest) (*listSLIsResponse, error) {
	query := slisOf(access.From(ctx)).Limit(in.PageSize)
	if in.PageToken != "" {
		if checkSLI(in.PageToken) != nil {
			return nil, api.Refuse(http.StatusBadRequest, "pageToken is no nextPageToken of a page before")
		}
		query = query.StartAfter(in.PageToken)
	}
	found, err := readSLIs(ctx, query)
	if err != nil {
		return nil, err
	}
	out := &listSLIsResponse{}
	out.Body.AsOf = h.now()
	out.Body.SLIs = showSLIs(found, out.Body.AsOf)
	if len(found) == in.PageSize {
		out.Body.NextPageToken = found[len(found)-1].Name
	}
	return out, nil
}

func readSLIs(ctx context.Context, query firestore.Query) ([]sli.SLI, error) {
	docs, err := query.Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list SLIs: %w", err)
	}
	found := make([]sli.SLI, len(docs))
	for n, doc := range docs {
		if found[n], err = sli.Decode(doc); err != nil {
			return nil, err
		}
	}
	return found, nil
}

type sliRequest struct {
	Workspace string `path:"workspace"`
	SLI       string `path:"sli"`
}

type sliResponse struct {
	Body sliBody
}

func (h *Handler) getSLI(ctx context.Context, in *sliRequest) (*sliResponse, error) {
	s := access.From(ctx)
	if err := checkSLI(in.SLI); err != nil {
		return nil, err
	}
	docs, err := s.DB.GetAll(ctx, refs(sli.Ref(s.DB, s.Tenant.ID, s.Workspace, in.SLI)))
	if err != nil {
		return nil, fmt.Errorf("read SLI: %w", err)
	}
	if !docs[0].Exists() {
		return nil, api.Refuse(http.StatusNotFound, "the workspace has no such SLI")
	}
	found, err := sli.Decode(docs[0])
	if err != nil {
		return nil, err
	}
	return &sliResponse{showSLI(found, h.now())}, nil
}

// sliForm is what a report may name an SLI.
var sliForm = regexp.MustCompile(`^[^\x00-\x1f\x7f]{1,256}$`)

func checkSLI(name string) error {
	if !sliForm.MatchString(name) {
		return api.Refuse(http.StatusBadRequest, "an SLI is named by 1 to 256 characters, none of them a control character")
	}
	return nil
}

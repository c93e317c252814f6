package assistant

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/records"
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
	SLX       string `query:"slx" maxLength:"256"`
	Alert     string `query:"alert" enum:"warning,ticket,page" doc:"Only those whose alert is this, or more urgent"`
	PageSize  int    `query:"pageSize" minimum:"1" maximum:"200" default:"50" doc:"SLIs that are looked at; of those alert may leave none"`
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
	return records.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection(records.SLIsCollection).Query
}

// filter finds what may belong to the list: those of an SLX, which has few, or
// those that have an alert. Which one is for their health to tell.
func (in *listSLIsRequest) filter(query firestore.Query, now time.Time) firestore.Query {
	switch {
	case in.SLX != "":
		query = query.Where("slx", "==", in.SLX)
	case in.Alert != "":
		query = query.Where("until.warning", ">", now)
	}
	return query.OrderBy("name", firestore.Asc)
}

func (in *listSLIsRequest) leavesOut(s sliBody) bool {
	return in.Alert != "" && urgency[s.Alert] > urgency[in.Alert]
}

func (h *Handler) listSLIs(ctx context.Context, in *listSLIsRequest) (*listSLIsResponse, error) {
	now := h.now()
	query := in.filter(slisOf(access.From(ctx)), now).Limit(in.PageSize)
	if in.PageToken != "" {
		if checkSLI(in.PageToken) != nil {
			return nil, api.Refuse(http.StatusBadRequest, api.PageTokenText)
		}
		query = query.StartAfter(in.PageToken)
	}
	found, err := readSLIs(ctx, query)
	if err != nil {
		return nil, err
	}
	out := &listSLIsResponse{}
	out.Body.AsOf = now
	out.Body.SLIs = slices.DeleteFunc(showSLIs(found, now), in.leavesOut)
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
		if found[n], err = records.Decode[sli.SLI](doc); err != nil {
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
	docs, err := s.DB.GetAll(ctx, refs(records.SLIRef(s.DB, s.Tenant.ID, s.Workspace, in.SLI)))
	if err != nil {
		return nil, fmt.Errorf("read SLI: %w", err)
	}
	if !docs[0].Exists() {
		return nil, api.Refuse(http.StatusNotFound, "the workspace has no such SLI")
	}
	found, err := records.Decode[sli.SLI](docs[0])
	if err != nil {
		return nil, err
	}
	return &sliResponse{showSLI(found, h.now())}, nil
}

func checkSLI(name string) error {
	if err := sli.CheckName(name); err != nil {
		return api.Refuse(http.StatusBadRequest, err.Error())
	}
	return nil
}

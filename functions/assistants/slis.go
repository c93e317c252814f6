package assistants

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
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

const sliPath = workspacePath + "/slis/{sli}"

func (h *Handler) registerSLIs() {
	api.Register(h.API, api.WithMemory(h.reading("searchSLIs", http.MethodPost, workspacePath+"/slis/search",
		"Search SLIs and their health, by name", auditlog.ListSLIs), listMemory), h.searchSLIs)
	api.Register(h.API, h.reading("getSLI", http.MethodGet, sliPath,
		"Get an SLI and its health", auditlog.ReadSLI, 404), h.getSLI)
	api.Register(h.API, h.operation("setSLI", http.MethodPut, sliPath,
		"Set the objective and thresholds of an SLI; repeatable", auditlog.SetSLI, 404, 413), h.setSLI)
}

type searchSLIsRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Body      sliSearch
}

// sliSearch selects SLIs. Empty fields match every SLI.
type sliSearch struct {
	SLX       string `json:"slx,omitempty" class:"metadata" maxLength:"256"`
	Alert     string `json:"alert,omitempty" class:"metadata" enum:"warning,ticket,page" doc:"Only SLIs with this alert or a more urgent one"`
	PageSize  int    `json:"pageSize,omitempty" class:"operational" minimum:"1" maximum:"200" default:"50" doc:"Number of SLIs that are read. With alert, the page may have fewer, or none"`
	PageToken string `json:"pageToken,omitempty" class:"operational" maxLength:"32768"`
}

type searchSLIsResponse struct {
	Body struct {
		AsOf          time.Time `json:"asOf" class:"operational"`
		SLIs          []sliBody `json:"slis"`
		NextPageToken string    `json:"nextPageToken,omitempty" class:"operational"`
	}
}

func slisIn(s access.Session) firestore.Query {
	return records.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection(records.SLIsCollection).Query
}

// filter finds the SLIs that may be in the list; excludes selects from them. An SLX has
// few SLIs. Without an SLX, an index finds the SLIs that have any alert. Which alert an
// SLI has is known only after it is read.
func (in sliSearch) filter(query firestore.Query, now time.Time) firestore.Query {
	switch {
	case in.SLX != "":
		query = query.Where("slx", "==", run.CanonicalName(in.SLX))
	case in.Alert != "":
		query = query.Where("until.warning", ">", now)
	}
	return query.OrderBy("name", firestore.Asc)
}

// key identifies the query that a page token is valid for.
func (in sliSearch) key() string { return fmt.Sprintf("slis %q %q", in.SLX, in.Alert) }

func (in sliSearch) excludes(s sliBody) bool {
	return in.Alert != "" && alertOrder[s.Alert] > alertOrder[in.Alert]
}

func (h *Handler) searchSLIs(ctx context.Context, request *searchSLIsRequest) (*searchSLIsResponse, error) {
	in, now := request.Body, h.now()
	query := in.filter(slisIn(access.From(ctx)), now).Limit(in.PageSize)
	after, err := access.ParsePageToken[string](ctx, in.PageToken, in.key())
	if err != nil {
		return nil, err
	}
	if after != "" {
		query = query.StartAfter(after)
	}
	found, err := readSLIs(ctx, query)
	if err != nil {
		return nil, err
	}
	out := &searchSLIsResponse{}
	out.Body.AsOf = now
	out.Body.SLIs = slices.DeleteFunc(showSLIs(found, now), in.excludes)
	if len(found) == in.PageSize {
		out.Body.NextPageToken = access.PageToken(ctx, found[len(found)-1].Name, in.key())
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
	Workspace string `path:"workspace" class:"operational"`
	SLI       string `path:"sli" class:"metadata"`
}

type sliResponse struct {
	Body sliBody
}

func (h *Handler) getSLI(ctx context.Context, in *sliRequest) (*sliResponse, error) {
	s := access.From(ctx)
	name, err := parseSLIName(in.SLI)
	if err != nil {
		return nil, err
	}
	docs, err := s.DB.GetAll(ctx, refs(records.SLIRef(s.DB, s.Tenant.ID, s.Workspace, name)))
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

// parseSLIName returns the form of a name in which SLIs are stored.
func parseSLIName(name string) (string, error) {
	name = run.CanonicalName(name)
	if err := sli.CheckName(name); err != nil {
		return "", api.Refuse(http.StatusBadRequest, err.Error())
	}
	return name, nil
}

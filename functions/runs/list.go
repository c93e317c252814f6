package runs

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

type searchRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Body      search
}

// search selects runs. Empty fields match every run.
type search struct {
	Task      string    `json:"task,omitempty" class:"metadata" maxLength:"256"`
	SLX       string    `json:"slx,omitempty" class:"metadata" maxLength:"256"`
	Resource  string    `json:"resource,omitempty" class:"metadata" maxLength:"1024"`
	Outcome   string    `json:"outcome,omitempty" class:"metadata" enum:"success,failure,error,timeout,canceled"`
	State     string    `json:"state,omitempty" class:"metadata" enum:"running,ended,lost"`
	IDPrefix  string    `json:"idPrefix,omitempty" class:"operational" pattern:"^[0-9a-f-]{1,36}$" doc:"Only runs whose ID starts with this, sorted by ID; without other filters, and the first page only"`
	From      time.Time `json:"from,omitempty" class:"metadata" doc:"Only runs that started at or after this time"`
	To        time.Time `json:"to,omitempty" class:"metadata" doc:"Only runs that started before this time; excludes runs whose start is unknown"`
	PageSize  int       `json:"pageSize,omitempty" class:"operational" minimum:"1" maximum:"500" default:"50"`
	PageToken string    `json:"pageToken,omitempty" class:"operational" maxLength:"32768"`
}

type searchResponse struct {
	Body struct {
		Runs []runBody `json:"runs"`
		Next string    `json:"nextPageToken,omitempty" class:"operational" doc:"Token for the next page; absent on the last page"`
	}
}

// search returns runs, newest start first. Runs whose start is unknown are last. A
// run that starts between two pages does not shift the next page, because it is
// before the first one.
func (h *Handler) search(ctx context.Context, request *searchRequest) (*searchResponse, error) {
	session, in := access.From(ctx), request.Body
	if err := in.check(); err != nil {
		return nil, err
	}
	if in.IDPrefix != "" && in != (search{IDPrefix: in.IDPrefix, PageSize: in.PageSize}) {
		return nil, api.Contradiction("idPrefix allows no other filter and no page token; remove them", "body.idPrefix")
	}
	query := in.filter(records.Workspace(session.DB, session.Tenant.ID, session.Workspace).Collection(records.RunsCollection).Query)
	last, err := access.ParsePageToken[runPosition](ctx, in.PageToken, in.key())
	if err != nil {
		return nil, err
	}
	if last != (runPosition{}) {
		query = query.StartAfter(time.UnixMicro(last.Start), string(last.Run))
	}
	out := &searchResponse{}
	out.Body.Runs = []runBody{}
	more, err := readPage(query.Limit(in.PageSize+1).Documents(ctx), in.PageSize, func(doc *firestore.DocumentSnapshot) (int, error) {
		r, err := records.DecodeRun(doc)
		if err != nil {
			return 0, err
		}
		out.Body.Runs = append(out.Body.Runs, show(r))
		last = runPosition{r.Start.Time.UnixMicro(), r.ID}
		return jsonBytes(r), nil
	})
	if err != nil {
		return nil, err
	}
	if more && in.IDPrefix == "" {
		out.Body.Next = access.PageToken(ctx, last, in.key())
	}
	return out, nil
}

// check returns the problem of filters that no run can match together.
func (in search) check() error {
	if in.Outcome != "" && in.State != "" && run.State(in.State) != run.Ended {
		return api.Contradiction("only runs in the state ended have an outcome; leave out state or outcome", "body.outcome")
	}
	return api.CheckRange("body", in.From, in.To)
}

// jsonBytes estimates the size of a run in a response.
func jsonBytes(r run.Run) int {
	bytes := len(`{"id":"","state":"","start":"","end":"","outcome":"","exitCode":0}`) + 5*len(r.ID) +
		len(r.Start.Task) + len(r.Start.SLX) + len(r.Start.Resource)
	for _, c := range r.End.Claims {
		bytes += len(`{"name":"","parts":99999},`) + len(c.Output)
	}
	return bytes
}

// afterPrefix sorts after every character of an ID, so the IDs with a prefix are
// before the prefix and this character.
const afterPrefix = "g"

// filter adds the filters and the order to a query for runs.
func (in search) filter(query firestore.Query) firestore.Query {
	if in.IDPrefix != "" {
		return query.OrderBy(firestore.DocumentID, firestore.Asc).StartAt(in.IDPrefix).EndBefore(in.IDPrefix + afterPrefix)
	}
	for field, value := range map[string]string{
		"start.task": run.CanonicalName(in.Task), "start.slx": run.CanonicalName(in.SLX), "start.resource": run.CanonicalName(in.Resource),
		"end.outcome": in.Outcome, "state": in.State,
	} {
		if value != "" {
			query = query.Where(field, "==", value)
		}
	}
	switch {
	case !in.From.IsZero():
		query = query.Where("start.time", ">=", in.From)
	case !in.To.IsZero():
		query = query.Where("start.time", ">=", time.Unix(0, 0)) // an unknown start is earlier
	}
	if !in.To.IsZero() {
		query = query.Where("start.time", "<", in.To)
	}
	return query.OrderBy("start.time", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc)
}

// key identifies the query that a page token is valid for.
func (in search) key() string {
	return fmt.Sprintf("runs %q %q %q %q %q %d %d", in.Task, in.SLX, in.Resource, in.Outcome, in.State,
		in.From.UnixMicro(), in.To.UnixMicro())
}

// runPosition is the position of the last run of a page.
type runPosition struct {
	Start int64  `json:"s"` // microseconds since 1970
	Run   run.ID `json:"r"`
}

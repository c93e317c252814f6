package runs

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

type samplesRequest struct {
	Workspace string    `path:"workspace" class:"operational"`
	SLI       string    `path:"sli" class:"metadata"`
	From      time.Time `query:"from" class:"metadata" doc:"Only samples at or after this time"`
	To        time.Time `query:"to" class:"metadata" doc:"Only samples before this time"`
	PageSize  int       `query:"pageSize" class:"operational" minimum:"1" maximum:"100" default:"20" doc:"Maximum number of runs; each has at most 1,000 samples"`
	PageToken string    `query:"pageToken" class:"operational"`
}

type samplesResponse struct {
	Body struct {
		Series []seriesBody `json:"series"`
		Next   string       `json:"nextPageToken,omitempty" class:"operational" doc:"Token for the next page; absent on the last page"`
	}
}

// seriesBody is the samples of one run.
type seriesBody struct {
	Run     string       `json:"run" class:"operational"`
	SLX     string       `json:"slx,omitempty" class:"metadata"`
	Samples []sampleBody `json:"samples"`
}

type sampleBody struct {
	Time  time.Time `json:"time" class:"metadata"`
	Value float64   `json:"value" class:"metadata"`
}

// samples returns the samples of one SLI by run, sorted by the time of each run's
// last sample.
func (h *Handler) samples(ctx context.Context, in *samplesRequest) (*samplesResponse, error) {
	session := access.From(ctx)
	if err := api.CheckRange("query", in.From, in.To); err != nil {
		return nil, err
	}
	in.SLI = run.CanonicalName(in.SLI)
	if err := sli.CheckName(in.SLI); err != nil {
		return nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	last, err := access.ParsePageToken[seriesPosition](ctx, in.PageToken, in.key())
	if err != nil {
		return nil, err
	}
	query := in.filter(records.Workspace(session.DB, session.Tenant.ID, session.Workspace).Collection(records.SeriesCollection).Query)
	if last != (seriesPosition{}) {
		query = query.StartAfter(time.UnixMicro(last.Last), time.UnixMicro(last.First), last.ID)
	}
	out := &samplesResponse{}
	out.Body.Series = []seriesBody{}
	more, err := readPage(query.Limit(in.PageSize+1).Documents(ctx), in.PageSize, func(doc *firestore.DocumentSnapshot) (int, error) {
		series, err := records.Decode[sli.Series](doc)
		if err != nil {
			return 0, err
		}
		shown, err := in.show(series)
		out.Body.Series = append(out.Body.Series, shown)
		last = seriesPosition{series.Last.UnixMicro(), series.First.UnixMicro(), doc.Ref.ID}
		return len(shown.Samples) * len(`{"time":"2006-01-02T15:04:05.000000Z","value":0.1234567890123456},`), err
	})
	if err != nil {
		return nil, err
	}
	if more {
		out.Body.Next = access.PageToken(ctx, last, in.key())
	}
	return out, nil
}

// seriesPosition is the position of the last series of a page.
type seriesPosition struct {
	Last  int64  `json:"l"` // microseconds since 1970
	First int64  `json:"f"`
	ID    string `json:"i"`
}

// key identifies the query that a page token is valid for.
func (in *samplesRequest) key() string {
	return fmt.Sprintf("samples %q %d %d", in.SLI, in.From.UnixMicro(), in.To.UnixMicro())
}

// filter selects the series that have a sample in the range.
func (in *samplesRequest) filter(query firestore.Query) firestore.Query {
	query = query.Where("sli", "==", in.SLI)
	if !in.From.IsZero() {
		query = query.Where("last", ">=", in.From)
	}
	if !in.To.IsZero() {
		query = query.Where("first", "<", in.To)
	}
	return query.OrderBy("last", firestore.Asc).OrderBy("first", firestore.Asc).OrderBy(firestore.DocumentID, firestore.Asc)
}

// show returns the samples of a run that are in the range.
func (in *samplesRequest) show(series sli.Series) (seriesBody, error) {
	b := seriesBody{Run: string(series.Run), SLX: series.SLX, Samples: []sampleBody{}}
	samples, err := series.Samples()
	for _, s := range samples {
		if !s.Time.Before(in.From) && (in.To.IsZero() || s.Time.Before(in.To)) {
			b.Samples = append(b.Samples, sampleBody{s.Time, s.Value})
		}
	}
	return b, err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"time"

	"google.golang.org/api/googleapi"
	"google.golang.org/api/monitoring/v3"
	"google.golang.org/api/option"
	cloudrun "google.golang.org/api/run/v2"
)

// Types of a share of a Cloud Run service's requests.
const (
	toLatest   = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
	toRevision = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
)

// errNoService means that a function is not deployed in a region.
var errNoService = errors.New("there is no such service")

// google calls Cloud Run and Cloud Monitoring in one project.
type google struct {
	project    string
	run        *cloudrun.Service
	monitoring *monitoring.Service
}

func connect(ctx context.Context, project string, options ...option.ClientOption) (*google, error) {
	run, err := cloudrun.NewService(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to Cloud Run: %w", err)
	}
	m, err := monitoring.NewService(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to Cloud Monitoring: %w", err)
	}
	return &google{project, run, m}, nil
}

// place is one function in one region. The function's Cloud Run service has its name.
type place struct{ function, region string }

func (p place) String() string { return p.function + " in " + p.region }

// service is what Cloud Run says of a place.
type service struct {
	etag    string
	newest  string // revision that was created last
	ready   string // newest revision that can serve
	traffic []*cloudrun.GoogleCloudRunV2TrafficTarget
}

// service returns what serves a function. It returns errNoService if nothing does.
func (g *google) service(ctx context.Context, p place) (service, error) {
	s, err := g.run.Projects.Locations.Services.Get(g.name(p)).Context(ctx).Do()
	if failed, ok := errors.AsType[*googleapi.Error](err); ok && failed.Code == http.StatusNotFound {
		return service{}, errNoService
	}
	if err != nil {
		return service{}, fmt.Errorf("read %s: %w", p, err)
	}
	return service{etag: s.Etag, newest: path.Base(s.LatestCreatedRevision), ready: path.Base(s.LatestReadyRevision), traffic: s.Traffic}, nil
}

// send sets who gets the requests of a function, and waits until it is so. It fails if the service
// has changed since it was read.
func (g *google) send(ctx context.Context, p place, etag string, traffic ...*cloudrun.GoogleCloudRunV2TrafficTarget) error {
	change := &cloudrun.GoogleCloudRunV2Service{Etag: etag, Traffic: traffic}
	op, err := g.run.Projects.Locations.Services.Patch(g.name(p), change).UpdateMask("traffic").Context(ctx).Do()
	for err == nil && !op.Done {
		op, err = g.run.Projects.Locations.Operations.Wait(op.Name, &cloudrun.GoogleLongrunningWaitOperationRequest{Timeout: "60s"}).Context(ctx).Do()
	}
	if err == nil && op.Error != nil {
		err = errors.New(op.Error.Message)
	}
	if err != nil {
		return fmt.Errorf("change who gets the requests of %s: %w", p, err)
	}
	return nil
}

func (g *google) name(p place) string {
	return "projects/" + g.project + "/locations/" + p.region + "/services/" + p.function
}

// responses are counts of the responses of one revision: all, 5xx and 4xx.
type responses struct{ all, failed, refused int64 }

// answers are the responses since a time, by place and revision.
type answers map[place]map[string]responses

// answers reads the responses of all Cloud Run services of the project since a time.
// cloud.google.com/monitoring/api/metrics_gcp_p_z describes run.googleapis.com/request_count.
func (g *google) answers(ctx context.Context, since, until time.Time) (answers, error) {
	found := answers{}
	period := fmt.Sprintf("%ds", max(60, int(until.Sub(since).Seconds())))
	err := g.monitoring.Projects.TimeSeries.List("projects/"+g.project).
		Filter(`metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision"`).
		IntervalStartTime(since.UTC().Format(time.RFC3339)).IntervalEndTime(until.UTC().Format(time.RFC3339)).
		AggregationAlignmentPeriod(period).AggregationPerSeriesAligner("ALIGN_DELTA").AggregationCrossSeriesReducer("REDUCE_SUM").
		AggregationGroupByFields("resource.label.service_name", "resource.label.location", "resource.label.revision_name", "metric.label.response_code_class").
		Pages(ctx, func(page *monitoring.ListTimeSeriesResponse) error {
			for _, series := range page.TimeSeries {
				found.add(series)
			}
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read the responses: %w", err)
	}
	return found, nil
}

func (a answers) add(series *monitoring.TimeSeries) {
	labels := series.Resource.Labels
	p := place{labels["service_name"], labels["location"]}
	if a[p] == nil {
		a[p] = map[string]responses{}
	}
	sum := a[p][labels["revision_name"]]
	for _, point := range series.Points {
		if point.Value.Int64Value == nil {
			continue
		}
		sum.all += *point.Value.Int64Value
		switch series.Metric.Labels["response_code_class"] {
		case "5xx":
			sum.failed += *point.Value.Int64Value
		case "4xx":
			sum.refused += *point.Value.Int64Value
		}
	}
	a[p][labels["revision_name"]] = sum
}

package runs

import (
	"fmt"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

type getRequest struct {
	Workspace string `path:"workspace"`
	Run       string `path:"run"`
}

type startRequest struct {
	Workspace string `path:"workspace"`
	Run       string `path:"run"`
	Body      struct {
		Task     string    `json:"task" minLength:"1" maxLength:"256" pattern:"^[^\\x00-\\x1f\\x7f]+$" doc:"Name of the task"`
		SLX      string    `json:"slx,omitempty" maxLength:"256" pattern:"^[^\\x00-\\x1f\\x7f]*$"`
		Resource string    `json:"resource,omitempty" maxLength:"1024" pattern:"^[^\\x00-\\x1f\\x7f]*$"`
		Start    time.Time `json:"start"`
	}
}

type runResponse struct {
	Body runBody
}

type runBody struct {
	ID       string        `json:"id"`
	State    string        `json:"state" enum:"running,ended"`
	Task     string        `json:"task,omitempty"`
	SLX      string        `json:"slx,omitempty"`
	Resource string        `json:"resource,omitempty"`
	Start    *time.Time    `json:"start,omitempty"`
	End      *time.Time    `json:"end,omitempty"`
	Outcome  string        `json:"outcome,omitempty"`
	ExitCode *int          `json:"exitCode,omitempty"`
	Outputs  []outputClaim `json:"outputs,omitempty"`
	Issues   int           `json:"issues,omitempty" doc:"How many lines of issues it reported"`
	Samples  int           `json:"samples,omitempty" doc:"How many samples it reported"`
}

func (r *startRequest) parse(now time.Time) (run.Start, run.ID, error) {
	id, err := run.ParseID(r.Run)
	if err != nil {
		return run.Start{}, "", api.Refuse(http.StatusBadRequest, err.Error())
	}
	if err := checkTime(r.Body.Start, now, "body.start"); err != nil {
		return run.Start{}, "", err
	}
	return run.Start{Task: r.Body.Task, SLX: r.Body.SLX, Resource: r.Body.Resource, Time: stored(r.Body.Start)}, id, nil
}

// checkTime refuses what no good clock tells. A run that starts in a far future
// would be the newest of its check for all that time: what it did not find would
// be resolved, whatever is found until then.
func checkTime(t, now time.Time, at string) error {
	switch {
	case t.UTC().Year() < 1970:
		return refuse("a time is out of range", "times are of 1970 or later", at)
	case t.After(now.Add(sli.MaxAhead)):
		return refuse("a time is in the future", fmt.Sprintf("it is more than %v ahead of our clock; set the runner's", sli.MaxAhead), at)
	}
	return nil
}

// checkOrder refuses an end before the start, once both are known. at is what
// was told last.
func checkOrder(r run.Run, at string) error {
	if !r.Start.Known() || r.State != run.Ended || !r.End.Time.Before(r.Start.Time) {
		return nil
	}
	return refuse("the run would have ended before it began", "start and end are not in order; the other one is told already", at)
}

// stored is a time as Firestore keeps it: in microseconds.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func show(r run.Run) runBody {
	b := runBody{
		ID: string(r.ID), State: string(r.State), Task: r.Start.Task, SLX: r.Start.SLX, Resource: r.Start.Resource,
		Outcome: string(r.End.Outcome), Issues: r.Sightings, Samples: r.Samples,
	}
	if r.Start.Known() {
		b.Start = &r.Start.Time
	}
	if r.State == run.Ended {
		b.End, b.ExitCode = &r.End.Time, &r.End.ExitCode
	}
	for _, c := range r.End.Claims {
		b.Outputs = append(b.Outputs, outputClaim{c.Output, c.Parts})
	}
	return b
}

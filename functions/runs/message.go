package runs

import (
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/run"
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

func (r *startRequest) parse() (run.Start, run.ID, error) {
	id, err := run.ParseID(r.Run)
	if err != nil {
		return run.Start{}, "", api.Refuse(http.StatusBadRequest, err.Error())
	}
	if err := checkTime(r.Body.Start, "body.start"); err != nil {
		return run.Start{}, "", err
	}
	return run.Start{Task: r.Body.Task, SLX: r.Body.SLX, Resource: r.Body.Resource, Time: stored(r.Body.Start)}, id, nil
}

// checkTime refuses what no clock tells, some of which Firestore cannot keep.
func checkTime(t time.Time, at string) error {
	if year := t.UTC().Year(); year >= 1970 && year < 10_000 {
		return nil
	}
	return api.Refuse(http.StatusUnprocessableEntity, "a time is out of range",
		api.Fault{Message: "times are within the years 1970 to 9999, in UTC", Location: at})
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

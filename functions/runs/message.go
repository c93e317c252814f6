package runs

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/grant"
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

type reportRequest struct {
	Workspace string `path:"workspace"`
	Run       string `path:"run"`
	Body      struct {
		End      time.Time     `json:"end"`
		Outcome  string        `json:"outcome" enum:"success,failure,error,timeout,canceled"`
		ExitCode int           `json:"exitCode" minimum:"-1" maximum:"4294967295" doc:"The task's own; -1 if it is not known"`
		Outputs  []outputClaim `json:"outputs,omitempty" maxItems:"1000" doc:"What the run put out"`
	}
}

type outputClaim struct {
	Name  string `json:"name" minLength:"1" maxLength:"200"`
	Parts int    `json:"parts" minimum:"1" maximum:"99999"`
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

func (r *reportRequest) parse() (run.End, run.ID, error) {
	id, err := run.ParseID(r.Run)
	if err != nil {
		return run.End{}, "", api.Refuse(http.StatusBadRequest, err.Error())
	}
	if err := checkTime(r.Body.End, "body.end"); err != nil {
		return run.End{}, "", err
	}
	end := run.End{Outcome: run.Outcome(r.Body.Outcome), ExitCode: r.Body.ExitCode, Time: stored(r.Body.End)}
	seen := map[string]bool{}
	for i, o := range r.Body.Outputs {
		at := fmt.Sprintf("body.outputs[%d].name", i)
		if err := grant.CheckOutput(o.Name); err != nil {
			return run.End{}, "", api.Refuse(http.StatusUnprocessableEntity, "an output is misnamed", api.Fault{Message: err.Error(), Location: at})
		}
		if seen[o.Name] {
			return run.End{}, "", api.Refuse(http.StatusUnprocessableEntity, "an output is claimed twice", api.Fault{Message: "named before", Location: at})
		}
		seen[o.Name] = true
		end.Claims = append(end.Claims, run.Claim{Output: o.Name, Parts: o.Parts})
	}
	slices.SortFunc(end.Claims, func(a, b run.Claim) int { return strings.Compare(a.Output, b.Output) })
	return end, id, nil
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
		Outcome: string(r.End.Outcome),
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

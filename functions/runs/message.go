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
	Workspace string `path:"workspace" class:"operational"`
	Run       string `path:"run" class:"operational"`
}

type startRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Run       string `path:"run" class:"operational"`
	Body      struct {
		Task     string    `json:"task" class:"metadata" minLength:"1" maxLength:"256" pattern:"^[^\\x00-\\x1f\\x7f]+$" doc:"Name of the task"`
		SLX      string    `json:"slx,omitempty" class:"metadata" maxLength:"256" pattern:"^[^\\x00-\\x1f\\x7f]*$"`
		Resource string    `json:"resource,omitempty" class:"metadata" maxLength:"1024" pattern:"^[^\\x00-\\x1f\\x7f]*$"`
		Start    time.Time `json:"start" class:"metadata"`
	}
}

type runResponse struct {
	Body runBody
}

type runBody struct {
	ID       string        `json:"id" class:"operational"`
	State    string        `json:"state" class:"metadata" enum:"running,ended,lost"`
	Task     string        `json:"task,omitempty" class:"metadata"`
	SLX      string        `json:"slx,omitempty" class:"metadata"`
	Resource string        `json:"resource,omitempty" class:"metadata"`
	Start    *time.Time    `json:"start,omitempty" class:"metadata"`
	End      *time.Time    `json:"end,omitempty" class:"metadata"`
	Outcome  string        `json:"outcome,omitempty" class:"metadata"`
	ExitCode *int          `json:"exitCode,omitempty" class:"metadata"`
	Outputs  []outputClaim `json:"outputs,omitempty"`

	LeaseExpires *time.Time `json:"leaseExpires,omitempty" class:"operational" doc:"While the run is running: when it is lost if its runner does not call before"`

	Issues       int         `json:"issues,omitempty" class:"metadata" doc:"Number of issue lines in the report"`
	Samples      int         `json:"samples,omitempty" class:"metadata" doc:"Number of samples in the report"`
	LeftOut      int         `json:"leftOut,omitempty" class:"metadata" doc:"Number of outputs, samples and issue lines in the report that were invalid and are not recorded"`
	FilesLeftOut int         `json:"filesLeftOut,omitempty" class:"metadata" doc:"Number of files of the task that its runner did not upload"`
	Errors       []api.Fault `json:"errors,omitempty" doc:"In the response to a report: what was left out and why, at most 20"`
}

// outputClaim is an output that the run claims, as the API shows it.
type outputClaim struct {
	Name  string `json:"name" class:"operational" minLength:"1" maxLength:"400"`
	Parts int    `json:"parts" class:"operational" minimum:"0" maximum:"99999" doc:"Number of parts; 0 if the output is empty"`
}

func (r *startRequest) parse(now time.Time) (run.Start, run.ID, error) {
	id, err := run.ParseID(r.Run)
	if err != nil {
		return run.Start{}, "", api.Refuse(http.StatusBadRequest, err.Error())
	}
	if err := checkTime(r.Body.Start, now, "body.start"); err != nil {
		return run.Start{}, "", err
	}
	task := run.CanonicalName(r.Body.Task)
	if task == "" {
		return run.Start{}, "", invalid("the task has no name", "the name has only invisible characters", "body.task")
	}
	return run.Start{
		Task: task, SLX: run.CanonicalName(r.Body.SLX), Resource: run.CanonicalName(r.Body.Resource), Time: truncateToMicros(r.Body.Start),
	}, id, nil
}

// checkTime rejects the times of a wrong clock. A run that starts in the far
// future would be the newest run of its check until then, and would resolve every
// issue that it did not see, whatever other runs find.
func checkTime(t, now time.Time, at string) error {
	switch {
	case t.UTC().Year() < 1970:
		return invalid("a time is out of range", "the time must be in 1970 or later", at)
	case t.After(now.Add(sli.MaxAhead)):
		return invalid("a time is in the future", fmt.Sprintf("the time is more than %v ahead of the server's clock; set the clock of the runner", sli.MaxAhead), at)
	}
	return nil
}

// checkOrder rejects an end before the start, if both are known. at is the
// location of the value in this request.
func checkOrder(r run.Run, at string) error {
	if !r.Complete() || !r.End.Time.Before(r.Start.Time) {
		return nil
	}
	return invalid("the end of the run is before its start", "the time contradicts the one that is already recorded", at)
}

// truncateToMicros returns t as Firestore stores it.
func truncateToMicros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func show(r run.Run) runBody {
	b := runBody{
		ID:           string(r.ID),
		State:        string(r.State),
		Task:         r.Start.Task,
		SLX:          r.Start.SLX,
		Resource:     r.Start.Resource,
		Outcome:      string(r.End.Outcome),
		Issues:       r.Sightings,
		Samples:      r.Samples,
		LeftOut:      r.LeftOut,
		FilesLeftOut: r.End.FilesLeftOut,
	}
	if r.Start.Known() {
		b.Start = &r.Start.Time
	}
	if r.State == run.Ended {
		b.End, b.ExitCode = &r.End.Time, &r.End.ExitCode
	}
	if r.State == run.Running {
		b.LeaseExpires = &r.LeaseExpires
	}
	for _, c := range r.End.Claims {
		b.Outputs = append(b.Outputs, outputClaim{c.Output, c.Parts})
	}
	return b
}

package outputs

import (
	"context"
	"errors"
	"time"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/run"
)

type listRequest struct {
	Workspace string `path:"workspace"`
	Run       string `path:"run"`
	PageSize  int    `query:"pageSize" minimum:"1" maximum:"1000" default:"1000" doc:"Outputs a page"`
	PageToken string `query:"pageToken" maxLength:"200" doc:"nextPageToken of the page before"`
}

type listResponse struct {
	Body struct {
		Run           runBody      `json:"run"`
		Outputs       []outputBody `json:"outputs" doc:"By name"`
		NextPageToken string       `json:"nextPageToken,omitempty" doc:"Empty on the last page"`
	}
}

type runBody struct {
	ID       string     `json:"id"`
	Task     string     `json:"task,omitempty"`
	State    string     `json:"state" enum:"running,ended"`
	Outcome  string     `json:"outcome,omitempty"`
	ExitCode *int       `json:"exitCode,omitempty"`
	Start    *time.Time `json:"start,omitempty"`
	End      *time.Time `json:"end,omitempty"`
}

type outputBody struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	State       string `json:"state" enum:"open,complete,incomplete"`
	Parts       int    `json:"parts" doc:"As the run claims; 0 while it runs"`
	StoredParts int    `json:"storedParts" doc:"Stored without a gap from part 1: what can be read now"`
	Size        int64  `json:"size" doc:"Bytes of the stored parts"`
	Lines       *int64 `json:"lines,omitempty" doc:"Newlines in the stored parts, if the runner counted them"`
}

// errPage ends a listing whose page is full.
var errPage = errors.New("the page is full")

func (h *Handler) list(ctx context.Context, in *listRequest) (*listResponse, error) {
	session := access.From(ctx)
	r, err := find(ctx, session, in.Run)
	if err != nil {
		return nil, err
	}
	out := &listResponse{}
	out.Body.Run, out.Body.Outputs = showRun(r), []outputBody{}
	var current index
	flush := func() {
		if current.name != "" {
			out.Body.Outputs = append(out.Body.Outputs, current.show(r))
		}
	}
	err = grant.OfRun(ctx, session.DB, session.Tenant.ID, session.Workspace, r.ID, grant.Filter{After: in.PageToken}, func(g grant.Grant) error {
		if g.Output != current.name {
			flush()
			if len(out.Body.Outputs) == in.PageSize {
				out.Body.NextPageToken = current.name
				current = index{}
				return errPage
			}
			current = index{name: g.Output}
		}
		current.add(g)
		return nil
	})
	if err != nil && !errors.Is(err, errPage) {
		return nil, err
	}
	flush()
	return out, nil
}

func showRun(r run.Run) runBody {
	b := runBody{ID: string(r.ID), Task: r.Start.Task, State: string(r.State), Outcome: string(r.End.Outcome)}
	if r.Start.Known() {
		b.Start = &r.Start.Time
	}
	if r.State == run.Ended {
		b.ExitCode, b.End = &r.End.ExitCode, &r.End.Time
	}
	return b
}

func (x *index) show(r run.Run) outputBody {
	b := outputBody{
		Name: x.name, ContentType: x.contentType, State: string(x.state(r)), Parts: r.End.Parts(x.name),
		StoredParts: len(x.parts), Size: x.size(),
	}
	if lines, ok := x.lines(); ok {
		b.Lines = &lines
	}
	return b
}

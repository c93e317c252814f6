package outputs

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
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
	ContentType string `json:"contentType" doc:"As granted; empty if no part was"`
	State       string `json:"state" enum:"open,complete,incomplete"`
	Parts       int    `json:"parts" doc:"As the run claims; 0 while it runs"`
	StoredParts int    `json:"storedParts" doc:"Stored without a gap from part 1: what can be read now"`
	Size        int64  `json:"size" doc:"Bytes of the stored parts"`
	Lines       *int64 `json:"lines,omitempty" doc:"Newlines in the stored parts, if the runner counted them"`
}

func (h *Handler) list(ctx context.Context, in *listRequest) (*listResponse, error) {
	session := access.From(ctx)
	if in.PageToken != "" && grant.CheckOutput(in.PageToken) != nil {
		return nil, api.Refuse(http.StatusBadRequest, api.PageTokenText)
	}
	r, err := session.FindRun(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	p := newPage(r, *in)
	err = records.GrantsOfRun(ctx, session.DB, session.Tenant.ID, session.Workspace, r.ID, records.GrantFilter{After: in.PageToken}, p.add)
	if err == nil {
		err = p.end()
	}
	if err != nil && !errors.Is(err, errPage) {
		return nil, err
	}
	return &p.response, nil
}

// page gathers outputs by name: those with grants, and between them those that
// the run claims without having asked for any, lest they be overlooked.
type page struct {
	run      run.Run
	size     int
	claimed  []string // names that are still to come
	current  index    // being gathered; the zero index: none
	response listResponse
}

// errPage ends a listing whose page is full.
var errPage = errors.New("the page is full")

func newPage(r run.Run, in listRequest) *page {
	p := &page{run: r, size: in.PageSize}
	p.response.Body.Run, p.response.Body.Outputs = showRun(r), []outputBody{}
	for _, claim := range r.End.Claims {
		if claim.Output > in.PageToken {
			p.claimed = append(p.claimed, claim.Output)
		}
	}
	slices.Sort(p.claimed)
	return p
}

// add takes the grants by output and part.
func (p *page) add(g grant.Grant) error {
	if g.Output != p.current.name {
		if err := p.flush(); err != nil {
			return err
		}
		for len(p.claimed) > 0 && p.claimed[0] < g.Output {
			if err := p.ungranted(); err != nil {
				return err
			}
		}
		if p.full() {
			return errPage
		}
		p.current = index{name: g.Output}
	}
	p.current.add(g)
	return nil
}

// end takes what is left when there are no more grants.
func (p *page) end() error {
	err := p.flush()
	for err == nil && len(p.claimed) > 0 {
		err = p.ungranted()
	}
	return err
}

// flush shows the output that was being gathered.
func (p *page) flush() error {
	if p.current.name == "" {
		return nil
	}
	x := p.current
	p.current = index{}
	if len(p.claimed) > 0 && p.claimed[0] == x.name {
		p.claimed = p.claimed[1:]
	}
	return p.show(x)
}

// ungranted shows the first output that is only claimed.
func (p *page) ungranted() error {
	x := index{name: p.claimed[0]}
	p.claimed = p.claimed[1:]
	return p.show(x)
}

func (p *page) show(x index) error {
	if p.full() {
		return errPage
	}
	p.response.Body.Outputs = append(p.response.Body.Outputs, x.show(p.run))
	return nil
}

// full reports whether the page takes no more, and if so names the next.
func (p *page) full() bool {
	n := len(p.response.Body.Outputs)
	if n < p.size {
		return false
	}
	p.response.Body.NextPageToken = p.response.Body.Outputs[n-1].Name
	return true
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

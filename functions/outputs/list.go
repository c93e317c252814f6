package outputs

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/outputname"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

type listRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Run       string `path:"run" class:"operational"`
	PageSize  int    `query:"pageSize" class:"operational" minimum:"1" maximum:"1000" default:"1000" doc:"Maximum number of outputs on a page"`
	PageToken string `query:"pageToken" class:"operational" doc:"nextPageToken of the previous page"`
}

type listResponse struct {
	Body struct {
		Run           runBody      `json:"run"`
		Outputs       []outputBody `json:"outputs" doc:"Sorted by name"`
		NextPageToken string       `json:"nextPageToken,omitempty" class:"operational" doc:"Absent on the last page"`
	}
}

type runBody struct {
	ID       string     `json:"id" class:"operational"`
	Task     string     `json:"task,omitempty" class:"metadata"`
	State    string     `json:"state" class:"operational" enum:"running,ended,lost"`
	Outcome  string     `json:"outcome,omitempty" class:"metadata"`
	ExitCode *int       `json:"exitCode,omitempty" class:"metadata"`
	Start    *time.Time `json:"start,omitempty" class:"metadata"`
	End      *time.Time `json:"end,omitempty" class:"metadata"`
}

type outputBody struct {
	Name        string `json:"name" class:"operational" doc:"Identifies the output"`
	FileName    string `json:"fileName" class:"operational" doc:"For people: the name of the file, as it was on the runner. It may be a path. Bytes that are not UTF-8 are U+FFFD"`
	ContentType string `json:"contentType" class:"operational" doc:"As granted; empty if no part was granted"`
	State       string `json:"state" class:"operational" enum:"open,complete,incomplete,unclaimed"`
	Parts       int    `json:"parts" class:"operational" doc:"Number of parts that the run claims; 0 while it runs, and if it claims that the output is empty"`
	StoredParts int    `json:"storedParts" class:"operational" doc:"Number of parts stored from part 1 up to the first gap: what can be read now"`
	Size        int64  `json:"size" class:"operational" doc:"Size of the stored parts in bytes"`
	Lines       *int64 `json:"lines,omitempty" class:"operational" doc:"Newline bytes in the stored parts: as counted by the platform, or otherwise as declared by the runner; absent if neither is known"`

	LinesVerified bool `json:"linesVerified" class:"operational" doc:"The platform counted the lines of every stored part"`
	LinesDiffer   bool `json:"linesDiffer,omitempty" class:"operational" doc:"The runner declared other numbers of lines than the platform counted"`

	UnclaimedParts int   `json:"unclaimedParts,omitempty" class:"operational" doc:"Number of stored parts that the run's report does not claim; they are not part of the output"`
	UnclaimedSize  int64 `json:"unclaimedSize,omitempty" class:"operational" doc:"Size of the unclaimed parts in bytes"`
}

func (h *Handler) list(ctx context.Context, in *listRequest) (*listResponse, error) {
	session := access.From(ctx)
	after, err := access.ParsePageToken[string](ctx, in.PageToken, in.key())
	if err != nil {
		return nil, err
	}
	reading, err := readRun(ctx, session, in.Run)
	if err != nil {
		return nil, err
	}
	p := &outputPage{size: in.PageSize}
	err = reading.grants(ctx, records.GrantFilter{After: after}, func(r run.Run) error { return p.begin(r, after) }, p.add)
	if err == nil {
		err = p.finish()
	}
	if err != nil && !errors.Is(err, errPageFull) {
		return nil, err
	}
	if p.last != "" {
		p.response.Body.NextPageToken = access.PageToken(ctx, p.last, in.key())
	}
	return &p.response, nil
}

// key identifies the query that a page token is valid for.
func (in *listRequest) key() string { return "outputs " + in.Run }

// outputPage collects outputs in the order of their names. It merges the outputs that
// have grants with those that the run claims but never requested a grant for.
type outputPage struct {
	run      run.Run
	size     int
	claimed  []string // sorted names of claimed outputs that are not on the page yet
	current  index    // the output whose grants are being added; the zero index: none
	response listResponse
	last     string // last name of a page that is not the last one
}

// errPageFull stops a listing when its page is full.
var errPageFull = errors.New("the page is full")

// begin begins the page of a run's outputs whose names sort after a name.
func (p *outputPage) begin(r run.Run, after string) error {
	p.run = r
	p.response.Body.Run, p.response.Body.Outputs = showRun(r), []outputBody{}
	for _, claim := range r.End.Claims {
		if claim.Output > after {
			p.claimed = append(p.claimed, claim.Output)
		}
	}
	slices.Sort(p.claimed)
	return nil
}

// add adds a grant. Grants must be added in the order of outputs and parts.
func (p *outputPage) add(g grant.Grant) error {
	if g.Output != p.current.name {
		if err := p.appendCurrent(); err != nil {
			return err
		}
		for len(p.claimed) > 0 && p.claimed[0] < g.Output {
			if err := p.appendNextClaimed(); err != nil {
				return err
			}
		}
		if p.isFull() {
			return p.endEarly()
		}
		p.current = newIndex(p.run, g.Output)
	}
	p.current.add(g)
	return nil
}

// finish appends the remaining outputs after the last grant.
func (p *outputPage) finish() error {
	err := p.appendCurrent()
	for err == nil && len(p.claimed) > 0 {
		err = p.appendNextClaimed()
	}
	return err
}

// appendCurrent appends the output whose grants were added, if there is one.
func (p *outputPage) appendCurrent() error {
	if p.current.name == "" {
		return nil
	}
	x := p.current
	p.current = index{}
	if len(p.claimed) > 0 && p.claimed[0] == x.name {
		p.claimed = p.claimed[1:]
	}
	return p.appendOutput(x)
}

// appendNextClaimed appends the next output that has a claim but no grants.
func (p *outputPage) appendNextClaimed() error {
	x := newIndex(p.run, p.claimed[0])
	p.claimed = p.claimed[1:]
	return p.appendOutput(x)
}

func (p *outputPage) appendOutput(x index) error {
	if p.isFull() {
		return p.endEarly()
	}
	p.response.Body.Outputs = append(p.response.Body.Outputs, x.show(p.run))
	return nil
}

func (p *outputPage) isFull() bool { return len(p.response.Body.Outputs) >= p.size }

// endEarly notes the last name on this page, where the next page starts.
func (p *outputPage) endEarly() error {
	p.last = p.response.Body.Outputs[len(p.response.Body.Outputs)-1].Name
	return errPageFull
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
	lines := x.lines()
	b := outputBody{
		Name:           x.name,
		FileName:       outputname.Text(x.name),
		ContentType:    x.contentType,
		State:          string(x.state(r)),
		Parts:          x.claimed,
		StoredParts:    len(x.parts),
		Size:           x.size(),
		LinesVerified:  lines.verified,
		LinesDiffer:    lines.differs,
		UnclaimedParts: x.unclaimedParts,
		UnclaimedSize:  x.unclaimedSize,
	}
	if lines.known {
		b.Lines = &lines.n
	}
	return b
}

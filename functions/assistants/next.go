package assistants

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

func (h *Handler) registerAssistants() {
	api.Register(h.API, h.operation("setAssistant", http.MethodPut, assistantPath,
		"Make or change an assistant; repeatable", auditlog.SetAssistant, 404, 413), h.setAssistant)
	api.Register(h.API, h.operation("askAssistant", http.MethodGet, assistantPath,
		"Ask what is wrong now, how healthy the SLIs are, and which task to run next", auditlog.AskAssistant, 404), h.askAssistant)
}

type askRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Assistant string `path:"assistant" class:"operational"`
}

type askResponse struct {
	Body struct {
		ID string `json:"id" class:"operational"`
		AssistantBody
		AsOf   time.Time  `json:"asOf" class:"operational"`
		Wrong  wrongBody  `json:"wrong" doc:"What is wrong now"`
		Health healthBody `json:"health" doc:"How healthy each SLI is"`
		Next   nextBody   `json:"next" doc:"Which task to run next"`
	}
}

// askAssistant answers what a person or a chat asks first. It costs as much
// whatever the workspace holds.
func (h *Handler) askAssistant(ctx context.Context, in *askRequest) (*askResponse, error) {
	s, now := access.From(ctx), h.now()
	ref, err := assistantRef(s, in.Assistant)
	if err != nil {
		return nil, err
	}
	if err := h.record(ctx, auditlog.AskAssistant, "assistants/"+ref.ID); err != nil {
		return nil, err
	}
	out := &askResponse{}
	out.Body.ID, out.Body.AsOf = ref.ID, now
	if out.Body.AssistantBody, err = h.readAssistant(ctx, s, ref); err != nil {
		return nil, err
	}
	found, err := h.look(ctx, s, now)
	if err != nil {
		return nil, err
	}
	worst, err := h.showAll(ctx, found.worst, now)
	if err != nil {
		return nil, err
	}
	out.Body.Wrong = wrongBody{Counts: found.counts, SLXs: groupBySLX(worst), Capped: found.more}
	out.Body.Health = healthBody{healthOf(found.slis, now), found.manySLIs}
	if out.Body.Next, err = h.next(ctx, s, out.Body.AssistantBody, worst); err != nil {
		return nil, err
	}
	out.Body.Next.Says = strings.Join(append([]string{out.Body.Next.Says}, found.caveats()...), " ")
	return out, nil
}

// state is what an assistant finds in its workspace.
type state struct {
	worst   []issue.Issue
	more    bool // issues may stand than worst has
	ignored int  // issues that were passed over to find them
	ended   bool // the search for them, at maxLook
	counts  []countBody

	slis     []sli.SLI
	manySLIs bool // there may be more
	stale    int  // SLIs; maxCount: or more
}

// caveats are what an answer does not know, a sentence each.
func (f *state) caveats() (sentences []string) {
	if f.ended {
		sentences = append(sentences, fmt.Sprintf("I passed over %d issues that are ignored and looked no further: worse ones may stand than I tell of.", f.ignored))
	}
	if f.stale > 0 {
		sentences = append(sentences, fmt.Sprintf("No sample comes any more of %s: what the health says is of before.", slisInWords(f.stale)))
	}
	return sentences
}

func slisInWords(n int) string {
	switch n {
	case 1:
		return "1 SLI"
	case maxCount:
		return fmt.Sprintf("%d SLIs or more", n)
	}
	return fmt.Sprintf("%d SLIs", n)
}

// look reads, all at once, what does not depend on each other.
func (h *Handler) look(ctx context.Context, s access.Session, now time.Time) (found state, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return found.readWorst(ctx, s, now) })
	group.Go(func() (err error) {
		found.counts, err = counts(ctx, s, now)
		return err
	})
	group.Go(func() (err error) {
		found.slis, found.manySLIs, err = tellingSLIs(ctx, s, now)
		return err
	})
	group.Go(func() (err error) {
		found.stale, err = count(ctx, slisOf(s).Where("until.stale", "<=", now))
		return err
	})
	err = group.Wait()
	return found, err
}

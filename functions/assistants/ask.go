package assistants

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

func (h *Handler) registerAssistants() {
	api.Register(h.API, h.operation("setAssistant", http.MethodPut, assistantPath,
		"Create or change an assistant; repeatable", auditlog.SetAssistant, 404, 413), h.setAssistant)
	api.Register(h.API, api.WithMemory(h.reading("askAssistant", http.MethodGet, assistantPath,
		"Get what is wrong now, how healthy the SLIs are, and which task to run next", auditlog.AskAssistant, 404), textMemory), h.askAssistant)
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

// askAssistant answers what a person or a chat asks first. It costs the same number of
// reads in every workspace.
func (h *Handler) askAssistant(ctx context.Context, in *askRequest) (*askResponse, error) {
	s, now := access.From(ctx), h.now()
	ref, err := assistantRef(s, in.Assistant)
	if err != nil {
		return nil, err
	}
	read, err := h.readFacts(ctx, s, ref, now)
	if err != nil {
		return nil, err
	}
	summary, out := read.summary, &askResponse{}
	out.Body.ID, out.Body.AsOf = ref.ID, now
	if out.Body.AssistantBody, err = h.openAssistant(ctx, s, read.assistant); err != nil {
		return nil, err
	}
	worst, err := h.showAll(ctx, summary.worst, now)
	if err != nil {
		return nil, err
	}
	out.Body.Wrong = wrongBody{Counts: summary.counts, SLXs: groupBySLX(worst), Capped: summary.hasMore}
	out.Body.Health = healthBody{healthOf(summary.slis, now), summary.hasMoreSLIs}
	if out.Body.Next, err = h.suggestFrom(ctx, s, read.sources, out.Body.AssistantBody, worst); err != nil {
		return nil, err
	}
	out.Body.Next.Summary = strings.Join(append([]string{out.Body.Next.Summary}, summary.caveats()...), " ")
	return out, nil
}

// answerFacts is what an answer is made of. Its texts are sealed.
type answerFacts struct {
	assistant *firestore.DocumentSnapshot
	summary   workspaceSummary
	sources   taskSources // if there are issues
}

// readFacts reads what an answer is made of, and writes the audit entry.
func (h *Handler) readFacts(ctx context.Context, s access.Session, ref *firestore.DocumentRef, now time.Time) (facts answerFacts, err error) {
	var reads errgroup.Group
	reads.Go(func() error {
		docs, err := s.DB.GetAll(ctx, refs(ref))
		if err != nil {
			return fmt.Errorf("read assistant: %w", err)
		}
		facts.assistant = docs[0]
		return nil
	})
	reads.Go(func() (err error) {
		facts.summary, err = h.gather(ctx, s, now)
		return err
	})
	if err := reads.Wait(); err != nil {
		return facts, err
	}
	var entry errgroup.Group
	entry.Go(func() error { return h.appendAudit(ctx, auditlog.AskAssistant, "assistants/"+ref.ID) })
	if len(facts.summary.worst) > 0 {
		entry.Go(func() (err error) {
			facts.sources, err = readTaskSources(ctx, s, slxsOf(facts.summary.worst, func(i issue.Issue) string { return i.SLX }))
			return err
		})
	}
	return facts, entry.Wait()
}

// workspaceSummary is what an assistant reads about its workspace, except tasks.
type workspaceSummary struct {
	worst   []issue.Issue // active ones, the most severe first
	hasMore bool          // there may be more active issues
	skipped int           // ignored issues that were skipped to find worst
	gaveUp  bool          // worst is incomplete after maxPages
	counts  []countBody

	slis        []sli.SLI
	hasMoreSLIs bool // there may be more SLIs
	stale       int  // number of stale SLIs; maxCount: or more
}

// caveats returns a sentence for each thing that the summary does not know.
func (w *workspaceSummary) caveats() (sentences []string) {
	if w.gaveUp {
		sentences = append(sentences, fmt.Sprintf("I skipped %d ignored issues and stopped there. There may be worse unresolved issues than the ones listed.", w.skipped))
	}
	if w.stale > 0 {
		sentences = append(sentences, fmt.Sprintf("No recent samples from %s, so the health shown is out of date.", countSLIs(w.stale)))
	}
	return sentences
}

func countSLIs(n int) string {
	switch n {
	case 1:
		return "1 SLI"
	case maxCount:
		return fmt.Sprintf("%d SLIs or more", n)
	}
	return fmt.Sprintf("%d SLIs", n)
}

// gather reads the parts of the summary concurrently.
func (h *Handler) gather(ctx context.Context, s access.Session, now time.Time) (summary workspaceSummary, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return summary.readWorst(ctx, s, now) })
	group.Go(func() (err error) {
		summary.counts, err = countActive(ctx, s, now)
		return err
	})
	group.Go(func() (err error) {
		summary.slis, summary.hasMoreSLIs, err = noteworthySLIs(ctx, s, now)
		return err
	})
	group.Go(func() (err error) {
		summary.stale, err = count(ctx, slisIn(s).Where("until.stale", "<=", now))
		return err
	})
	err = group.Wait()
	return summary, err
}

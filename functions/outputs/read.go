package outputs

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

type readRequest struct {
	Workspace string `path:"workspace"`
	Run       string `path:"run"`
	Output    string `path:"output"`
	Range     string `header:"Range" doc:"One range of bytes"`
	Lines     string `query:"lines" doc:"Lines from 1, as 100-200 or 100-"`
}

// read checks what is asked, puts the read on record, and only then touches
// the bytes.
func (h *Handler) read(ctx context.Context, in *readRequest) (*huma.StreamResponse, error) {
	session := access.From(ctx)
	want, err := parseAsk(in.Range, in.Lines)
	if err != nil {
		return nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	if err := grant.CheckOutput(in.Output); err != nil {
		return nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	r, err := session.FindRun(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	v, err := h.view(ctx, session, r, in.Output)
	if err != nil {
		return nil, err
	}
	if err := v.record(ctx); err != nil {
		return nil, err
	}
	answer, err := v.answer(ctx, want)
	if err != nil {
		return nil, v.unreadable(ctx, err)
	}
	return v.stream(ctx, answer)
}

// view indexes an output, or says that the run has none of that name.
func (h *Handler) view(ctx context.Context, s access.Session, r run.Run, output string) (*view, error) {
	bucket, err := h.bucket(ctx, s)
	if err != nil {
		return nil, err
	}
	v := &view{handler: h, session: s, run: r, bucket: bucket, index: index{name: output}}
	err = records.GrantsOfRun(ctx, s.DB, s.Tenant.ID, s.Workspace, r.ID, records.GrantFilter{Output: output}, func(g grant.Grant) error {
		v.index.add(g)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if v.index.contentType == "" && r.End.Parts(output) == 0 {
		return nil, api.Refuse(http.StatusNotFound, "the run has no output of that name")
	}
	return v, nil
}

// record puts the read on the audit log: nothing is read without it.
func (v *view) record(ctx context.Context) (err error) {
	v.entry, err = v.handler.guard.Audit.Append(ctx, v.session.DB, v.audit(auditlog.ReadOutput, auditlog.Allowed))
	return err
}

// recordTimeout bounds how long a request that is over waits for its last entry.
const recordTimeout = 30 * time.Second

// recordEnd puts on the log how much was sent, though the client may have gone.
func (v *view) recordEnd(ctx context.Context, sent int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	entry := v.audit(auditlog.EndReadOutput, auditlog.Done)
	entry.Of, entry.Counts = v.entry, map[string]int64{"bytes": sent}
	if _, err := v.handler.guard.Audit.Append(ctx, v.session.DB, entry); err != nil {
		api.Logger(ctx).ErrorContext(ctx, "end of a read is not on record", "entry", v.entry, "bytes", sent, "error", err.Error())
	}
}

func (v *view) audit(action auditlog.Action, outcome auditlog.Outcome) auditlog.Entry {
	return auditlog.Entry{
		Tenant: v.session.Tenant.ID, Actor: auditlog.By(v.session.Principal), Action: action, Outcome: outcome,
		Workspace: v.session.Workspace, Resource: fmt.Sprintf("runs/%s/outputs/%s", v.run.ID, v.index.name),
	}
}

// answer is what will be sent: the bytes, and the status and headers that tell
// of them.
type answer struct {
	span
	status int
	header map[string]string
}

// answer resolves what is asked against what is there.
func (v *view) answer(ctx context.Context, want ask) (answer, error) {
	size := v.index.size()
	switch {
	case want.lines != nil:
		return v.answerLines(ctx, *want.lines)
	case want.bytes != nil:
		s, ok := want.bytes.within(size)
		if !ok {
			return answer{}, v.unsatisfiable("the output has only %d bytes by now", size)
		}
		s.to = min(s.to, s.from+maxResponse)
		return answer{s, http.StatusPartialContent, map[string]string{"Content-Range": contentRange(s, size)}}, nil
	case size > maxResponse:
		return answer{}, api.Refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf(
			"the output has %d bytes and a response at most %d; ask with the header Range: bytes=0-%d and so on, or with ?lines=1-1000",
			size, maxResponse, maxResponse-1))
	}
	return answer{span{0, size}, http.StatusOK, nil}, nil
}

func (v *view) answerLines(ctx context.Context, want lineRange) (answer, error) {
	at, err := v.locate(ctx, want)
	if err != nil {
		return answer{}, err
	}
	if at.length() == 0 {
		return answer{}, v.unsatisfiable("the output has no line %d by now", want.first)
	}
	header := map[string]string{"Strongroom-Lines": fmt.Sprintf("%d-%d", want.first, at.last)}
	if at.cut {
		header["Strongroom-Truncated"] = "true"
	}
	header["Content-Range"] = contentRange(at.span, v.index.size())
	return answer{at.span, http.StatusOK, header}, nil
}

func (v *view) unsatisfiable(format string, args ...any) error {
	return api.Refuse(http.StatusRequestedRangeNotSatisfiable, fmt.Sprintf(format, args...)).
		With("Content-Range", fmt.Sprintf("bytes */%d", v.index.size())).
		With("Strongroom-Output-State", string(v.index.state(v.run)))
}

func contentRange(s span, size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", s.from, s.to-1, size)
}

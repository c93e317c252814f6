package runs

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"cloud.google.com/go/firestore"
	"github.com/danielgtaylor/huma/v2"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// linesMemory is the memory in bytes that a response needs: a line of up to 512 KiB
// as Firestore returns it, and opened, while the next one arrives.
const linesMemory = 4 << 20

// linesResponse is a stream of lines.
type linesResponse struct {
	Body func(huma.Context) `class:"text"`
}

// lines returns the issue lines of a run's report, byte for byte. They are
// confidential, so the audit entry is written first (law 6).
func (h *Handler) lines(ctx context.Context, in *getRequest) (*linesResponse, error) {
	session := access.From(ctx)
	r, err := session.FindRun(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	_, err = h.guard.Audit.Append(ctx, session.DB, auditlog.Entry{
		Tenant:    session.Tenant.ID,
		Actor:     auditlog.By(session.Principal),
		Action:    auditlog.ReadIssueLines,
		Outcome:   auditlog.Allowed,
		Workspace: session.Workspace,
		Resource:  "runs/" + string(r.ID) + "/issues",
		Counts:    map[string]int64{"sightings": int64(r.Sightings)},
	})
	if err != nil {
		return nil, err
	}
	l, err := h.openLines(ctx, session, r)
	if err != nil {
		return nil, err
	}
	first, err := l.next(ctx)
	if err == nil || errors.Is(err, iterator.Done) {
		return &linesResponse{func(hc huma.Context) { l.send(ctx, hc, first, err) }}, nil
	}
	l.docs.Stop()
	if errors.Is(err, keys.ErrKeyUnavailable) {
		return nil, api.Refuse(http.StatusForbidden, api.KeyLockedText)
	}
	return nil, err
}

// sealedLines decrypts the lines of a run's sightings one by one, sorted by number.
type sealedLines struct {
	keys *keys.Tenant
	docs *firestore.DocumentIterator
}

func (h *Handler) openLines(ctx context.Context, s access.Session, r run.Run) (sealedLines, error) {
	k, err := h.keys.Of(ctx, s.Tenant, s.DB)
	if err != nil {
		return sealedLines{}, err
	}
	docs := records.NewRunRef(s.DB, s.Tenant.ID, s.Workspace, r.ID).Record.Collection(records.SightingsCollection).
		OrderBy("number", firestore.Asc).Documents(ctx)
	return sealedLines{k, docs}, nil
}

// next returns the next line, or iterator.Done.
func (l sealedLines) next(ctx context.Context) ([]byte, error) {
	doc, err := l.docs.Next()
	if errors.Is(err, iterator.Done) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("list sightings: %w", err)
	}
	record, err := records.Decode[issue.Record](doc)
	if err != nil {
		return nil, err
	}
	line, err := records.CryptFunc(l.keys.Open).Apply(ctx, doc.Ref, record.Line)
	if err != nil {
		return nil, fmt.Errorf("open sighting: %w", err)
	}
	return append(line, '\n'), nil
}

// send sends all lines, the first of which was read already. The headers are sent
// before the other lines are read, so an error breaks the connection.
func (l sealedLines) send(ctx context.Context, hc huma.Context, line []byte, err error) {
	defer l.docs.Stop()
	hc.SetHeader("Content-Type", "application/jsonl")
	hc.SetStatus(http.StatusOK)
	for err == nil {
		if _, err = hc.BodyWriter().Write(line); err == nil {
			line, err = l.next(ctx)
		}
	}
	if !errors.Is(err, iterator.Done) {
		api.Logger(ctx).WarnContext(ctx, "stream of issue lines aborted", "error", err.Error())
		api.Abort(hc.BodyWriter())
	}
}

package runs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

type linesResponse struct {
	ContentType string `header:"Content-Type" class:"operational"`
	Body        []byte `class:"text"`
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
	text, err := h.openLines(ctx, session, r)
	if errors.Is(err, keys.ErrKeyUnavailable) {
		return nil, api.Refuse(http.StatusForbidden, api.KeyLockedText)
	}
	if err != nil {
		return nil, err
	}
	return &linesResponse{"application/jsonl", text}, nil
}

// openLines decrypts the lines of a run's sightings, sorted by number.
func (h *Handler) openLines(ctx context.Context, s access.Session, r run.Run) ([]byte, error) {
	k, err := h.keys.Of(ctx, s.Tenant, s.DB)
	if err != nil {
		return nil, err
	}
	docs := records.NewRunRef(s.DB, s.Tenant.ID, s.Workspace, r.ID).Record.Collection(records.SightingsCollection).
		OrderBy("number", firestore.Asc).Documents(ctx)
	defer docs.Stop()
	var text bytes.Buffer
	for {
		doc, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return text.Bytes(), nil
		}
		if err != nil {
			return nil, fmt.Errorf("list sightings: %w", err)
		}
		record, err := records.Decode[issue.Record](doc)
		if err != nil {
			return nil, err
		}
		line, err := records.CryptFunc(k.Open).Apply(ctx, doc.Ref, record.Line)
		if err != nil {
			return nil, fmt.Errorf("open sighting: %w", err)
		}
		text.Write(line)
		text.WriteByte('\n')
	}
}

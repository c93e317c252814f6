package runs

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/quota"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// report records the end of a run in one commit: the run, its sightings and
// samples, the audit entry, and the outbox entry if the start is known.
func (h *Handler) report(ctx context.Context, in *reportRequest) (*runResponse, error) {
	parsed, err := in.parse(h.deps.Now())
	if err != nil {
		return nil, err
	}
	t := newTarget(access.From(ctx), parsed.id)
	sealed, err := h.sealReport(ctx, t, parsed)
	if err != nil {
		return nil, err
	}
	out, err := h.record(ctx, t, &reportChange{handler: h, target: t, report: sealed})
	if err != nil {
		return nil, err
	}
	out.Body.Errors = parsed.faults
	return out, nil
}

// reportChange sets the end of a run.
type reportChange struct {
	handler *Handler
	target  target
	report  sealedReport
}

func (c *reportChange) action() auditlog.Action { return auditlog.ReportRun }

func (c *reportChange) entry() auditlog.Prepared { return c.report.auditEntry }

func (c *reportChange) amounts() quota.Amounts {
	return quota.Amounts{quota.Sightings: int64(len(c.report.sightings)), quota.Samples: int64(c.report.samples)}
}

func (c *reportChange) apply(r *run.Run) (changed bool, err error) {
	if r.State == run.Ended {
		if r.Digest != c.report.digest {
			return false, run.ErrConflict
		}
		return false, nil
	}
	r.State, r.End, r.Digest = run.Ended, c.report.end, c.report.digest
	r.Reported = truncateToMicros(c.handler.deps.Now())
	r.Sightings, r.Samples, r.LeftOut = len(c.report.sightings), c.report.samples, c.report.leftOut
	if err := checkOrder(*r, "body.end"); err != nil {
		return false, err
	}
	if r.Complete() {
		c.handler.markComplete(r)
	}
	return true, nil
}

// read reads nothing: a report does not depend on other documents.
func (c *reportChange) read(context.Context, *firestore.Transaction, run.Run) error { return nil }

func (c *reportChange) write(tx *firestore.Transaction, r run.Run) error {
	if err := c.writeSightings(tx, r); err != nil {
		return err
	}
	if err := c.writeSeries(tx, r); err != nil {
		return err
	}
	if r.Complete() {
		return c.target.event(r, c.handler.deps.Now()).Write(tx, c.target.session.DB)
	}
	return nil
}

func (c *reportChange) writeSightings(tx *firestore.Transaction, r run.Run) error {
	for i, s := range c.report.sightings {
		record := issue.NewRecord(c.report.fingerprintKey, r.ID, r.Start, i+1, s)
		record.Line = c.report.sealedLines[i]
		if err := tx.Set(records.SightingRef(c.target.ref.Record, i+1), record); err != nil {
			return fmt.Errorf("write sighting: %w", err)
		}
	}
	return nil
}

func (c *reportChange) writeSeries(tx *firestore.Transaction, r run.Run) error {
	s := c.target.session
	for _, series := range c.report.series {
		series.SLX, series.Waiting = r.Start.SLX, r.Complete()
		if err := tx.Set(records.SeriesRef(s.DB, s.Tenant.ID, s.Workspace, r.ID, series.SLI), series); err != nil {
			return fmt.Errorf("write series: %w", err)
		}
	}
	return nil
}

// sealedReport is a parsed report with everything that needs Cloud KMS. It is
// made before the transaction, because a transaction must not wait for KMS.
type sealedReport struct {
	parsedReport
	fingerprintKey []byte
	digest         string
	sealedLines    [][]byte // one for each sighting
	auditEntry     auditlog.Prepared
}

func (h *Handler) sealReport(ctx context.Context, t target, parsed parsedReport) (sealedReport, error) {
	sealed, err := h.sealLines(ctx, t, parsed)
	if err != nil {
		return sealed, toProblem(err)
	}
	// An error of the audit key is not the tenant's, so toProblem must not see it.
	sealed.auditEntry, err = h.guard.Audit.Prepare(ctx, t.session.DB, auditlog.Entry{
		Tenant:    t.session.Tenant.ID,
		Actor:     auditlog.By(t.session.Principal),
		Action:    auditlog.ReportRun,
		Outcome:   auditlog.Allowed,
		Workspace: t.session.Workspace,
		Resource:  "runs/" + string(t.id),
		Counts:    map[string]int64{"sightings": int64(len(parsed.sightings)), "samples": int64(parsed.samples), "leftOut": int64(parsed.leftOut)},
	})
	return sealed, err
}

// sealLines does everything that needs the tenant's key.
func (h *Handler) sealLines(ctx context.Context, t target, parsed parsedReport) (sealedReport, error) {
	sealed := sealedReport{parsedReport: parsed}
	k, err := h.keys.Of(ctx, t.session.Tenant, t.session.DB)
	if err != nil {
		return sealed, err
	}
	if sealed.fingerprintKey, err = k.FingerprintKey(ctx); err != nil {
		return sealed, err
	}
	sealed.digest = parsed.reported.digest(sealed.fingerprintKey)
	sealed.sealedLines = make([][]byte, len(parsed.sightings))
	for i, s := range parsed.sightings {
		sealed.sealedLines[i], err = records.CryptFunc(k.Seal).Apply(ctx, records.SightingRef(t.ref.Record, i+1), s.Line)
		if err != nil {
			return sealed, fmt.Errorf("seal sighting: %w", err)
		}
	}
	return sealed, nil
}

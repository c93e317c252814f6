package runs

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// report records a run's end in one commit: the run, its sightings and samples,
// the audit entry, and the outbox entry if its start is known.
func (h *Handler) report(ctx context.Context, in *reportRequest) (*runResponse, error) {
	session := access.From(ctx)
	said, err := in.parse(h.deps.Now())
	if err != nil {
		return nil, err
	}
	ready, err := h.prepare(ctx, session, said)
	if err != nil {
		return nil, err
	}
	now, tried, err := h.apply(ctx, update{ready.place, false, func(_ *firestore.Transaction, r *run.Run) (write, error) {
		if r.State == run.Ended {
			if r.Digest != ready.digest {
				return nil, run.ErrConflict
			}
			return nil, nil
		}
		r.State, r.End, r.Digest, r.Sightings, r.Samples = run.Ended, said.end, ready.digest, len(said.sightings), said.samples
		if err := checkOrder(*r, "body.end"); err != nil {
			return nil, err
		}
		if r.Start.Known() {
			h.complete(r)
		}
		return func(tx *firestore.Transaction) error { return ready.write(tx, *r) }, nil
	}})
	if err != nil {
		return nil, err
	}
	if tried && now.Start.Known() {
		h.publish(ctx, session, said.id)
	}
	return &runResponse{Body: show(now)}, nil
}

// prepared is a report with all that takes Cloud KMS, which no transaction
// should wait for.
type prepared struct {
	said           said
	place          records.RunRef
	fingerprintKey []byte
	digest         string
	lines          [][]byte // sealed
	entry          auditlog.Prepared
	session        access.Session
	handler        *Handler
}

func (h *Handler) prepare(ctx context.Context, s access.Session, said said) (p prepared, err error) {
	p = prepared{said: said, place: records.NewRunRef(s.DB, s.Tenant.ID, s.Workspace, said.id), session: s, handler: h}
	if err := p.seal(ctx); err != nil {
		return p, public(err)
	}
	// What is wrong with the audit key is no matter of the tenant's.
	p.entry, err = h.guard.Audit.Prepare(ctx, s.DB, auditlog.Entry{
		Tenant: s.Tenant.ID, Actor: auditlog.By(s.Principal), Action: auditlog.ReportRun, Outcome: auditlog.Allowed,
		Workspace: s.Workspace, Resource: "runs/" + string(said.id),
		Counts: map[string]int64{"sightings": int64(len(said.sightings)), "samples": int64(said.samples)},
	})
	return p, err
}

// seal does what takes the tenant's key.
func (p *prepared) seal(ctx context.Context) error {
	k, err := p.handler.keys.Of(ctx, p.session.Tenant, p.session.DB)
	if err != nil {
		return err
	}
	if p.fingerprintKey, err = k.FingerprintKey(ctx); err != nil {
		return err
	}
	p.digest = p.said.digest(p.fingerprintKey)
	p.lines = make([][]byte, len(p.said.sightings))
	for i, s := range p.said.sightings {
		if p.lines[i], err = records.CryptFunc(k.Seal).Apply(ctx, records.SightingRef(p.place.Record, i+1), s.Line); err != nil {
			return fmt.Errorf("seal sighting: %w", err)
		}
	}
	return nil
}

// write writes all that belongs to the report, beside the run r itself.
func (p *prepared) write(tx *firestore.Transaction, r run.Run) error {
	for i, s := range p.said.sightings {
		record := issue.NewRecord(p.fingerprintKey, r.ID, r.Start, i+1, s)
		record.Line = p.lines[i]
		if err := tx.Set(records.SightingRef(p.place.Record, i+1), record); err != nil {
			return fmt.Errorf("write sighting: %w", err)
		}
	}
	for _, series := range p.said.series {
		series.SLX, series.Waiting = r.Start.SLX, r.Start.Known()
		if err := tx.Set(records.SeriesRef(p.session.DB, p.session.Tenant.ID, p.session.Workspace, r.ID, series.SLI), series); err != nil {
			return fmt.Errorf("write series: %w", err)
		}
	}
	if r.Start.Known() {
		if err := p.handler.event(p.session, r.ID).Write(tx, p.session.DB); err != nil {
			return err
		}
	}
	return p.entry.Write(tx)
}

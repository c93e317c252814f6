package runs

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// earlyReport is what a report wrote before the run's start was known. A series
// lacks the SLX, and a sighting lacks everything that follows from the start,
// above all which issue it is of.
type earlyReport struct {
	series    []*firestore.DocumentSnapshot
	sightings []rebuiltSighting
}

// rebuiltSighting is a sighting's new record.
type rebuiltSighting struct {
	ref    *firestore.DocumentRef
	record issue.Record
}

// readEarlyReport reads the early report of a run whose start is known now.
func (h *Handler) readEarlyReport(ctx context.Context, tx *firestore.Transaction, t target, r run.Run) (earlyReport, error) {
	s := t.session
	series, err := tx.Documents(records.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection(records.SeriesCollection).Where("run", "==", string(r.ID))).GetAll()
	if err != nil {
		return earlyReport{}, fmt.Errorf("read series: %w", err)
	}
	sightings, err := h.rebuildSightings(ctx, tx, t, r)
	return earlyReport{series: series, sightings: sightings}, err
}

// complete writes what the report could not know without the start.
func (e earlyReport) complete(tx *firestore.Transaction, start run.Start) error {
	for _, doc := range e.series {
		if err := tx.Update(doc.Ref, []firestore.Update{{Path: "slx", Value: start.SLX}, {Path: "waiting", Value: true}}); err != nil {
			return fmt.Errorf("write series: %w", err)
		}
	}
	for _, s := range e.sightings {
		if err := tx.Set(s.ref, s.record); err != nil {
			return fmt.Errorf("write sighting: %w", err)
		}
	}
	return nil
}

// rebuildSightings reads the run's sightings and rebuilds their records. A run
// without sightings needs no key, so its start is recorded even while the
// tenant's key is disabled.
func (h *Handler) rebuildSightings(ctx context.Context, tx *firestore.Transaction, t target, r run.Run) ([]rebuiltSighting, error) {
	if r.Sightings == 0 {
		return nil, nil
	}
	k, err := h.keys.Of(ctx, t.session.Tenant, t.session.DB)
	if err != nil {
		return nil, err
	}
	fingerprintKey, err := k.FingerprintKey(ctx)
	if err != nil {
		return nil, err
	}
	docs, err := tx.Documents(t.ref.Record.Collection(records.SightingsCollection)).GetAll()
	if err != nil {
		return nil, fmt.Errorf("read sightings: %w", err)
	}
	rebuilt := make([]rebuiltSighting, len(docs))
	for i, doc := range docs {
		record, err := rebuildSighting(ctx, k, fingerprintKey, doc, r)
		if err != nil {
			return nil, err
		}
		rebuilt[i] = rebuiltSighting{doc.Ref, record}
	}
	return rebuilt, nil
}

// rebuildSighting parses a sighting's line again, because the issue's fingerprint
// depends on the run's start. The sealed line does not change.
func rebuildSighting(ctx context.Context, k *keys.Tenant, fingerprintKey []byte, doc *firestore.DocumentSnapshot, r run.Run) (issue.Record, error) {
	old, err := records.Decode[issue.Record](doc)
	if err != nil {
		return issue.Record{}, err
	}
	line, err := records.CryptFunc(k.Open).Apply(ctx, doc.Ref, old.Line)
	if errors.Is(err, keys.ErrSealed) {
		// The line is damaged, and no retry repairs it. One lost line must not
		// keep the run incomplete forever.
		api.Logger(ctx).ErrorContext(ctx, "sighting text cannot be decrypted", "run", string(r.ID), "number", old.Number)
		old.Task, old.SLX, old.Resource, old.Start = r.Start.Task, r.Start.SLX, r.Start.Resource, r.Start.Time
		return old, nil
	}
	if err != nil {
		return issue.Record{}, fmt.Errorf("open sighting: %w", err)
	}
	s, err := issue.ParseSighting(line)
	if err != nil {
		return issue.Record{}, fmt.Errorf("parse sighting: %w", err)
	}
	record := issue.NewRecord(fingerprintKey, r.ID, r.Start, old.Number, s)
	record.Line = old.Line
	return record, nil
}

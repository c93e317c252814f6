package runs

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// start records a run's start. Where the report came first, that completes the
// run: its sightings learn which issues they are of, and its event is written.
func (h *Handler) start(ctx context.Context, in *startRequest) (*runResponse, error) {
	session := access.From(ctx)
	start, id, err := in.parse(h.deps.Now())
	if err != nil {
		return nil, err
	}
	place := records.NewRunRef(session.DB, session.Tenant.ID, session.Workspace, id)
	now, tried, err := h.apply(ctx, update{place, true, func(tx *firestore.Transaction, r *run.Run) (write, error) {
		if r.Start.Known() {
			if !r.Start.Equal(start) {
				return nil, run.ErrConflict
			}
			return nil, nil
		}
		r.Start = start
		if err := checkOrder(*r, "body.start"); err != nil {
			return nil, err
		}
		if r.State != run.Ended {
			return nothing, nil
		}
		reported, err := h.late(ctx, tx, session, place, *r)
		if err != nil {
			return nil, err
		}
		h.complete(r)
		return func(tx *firestore.Transaction) error {
			if err := reported(tx); err != nil {
				return err
			}
			return h.event(session, id).Write(tx, session.DB)
		}, nil
	}})
	if err != nil {
		return nil, err
	}
	if tried && now.State == run.Ended {
		h.publish(ctx, session, id)
	}
	return &runResponse{Body: show(now)}, nil
}

func nothing(*firestore.Transaction) error { return nil }

// complete marks a run, whose start and end are known, as one to be folded.
func (h *Handler) complete(r *run.Run) {
	r.Check, r.Pending = string(issue.NewCheckID(r.Start.Task, r.Start.Resource)), true
	r.RepublishAt = h.deps.Now().Add(run.RepublishAfter)
}

// late reads what was reported before the run's start, and gives the write of
// what follows from the start.
func (h *Handler) late(ctx context.Context, tx *firestore.Transaction, s access.Session, place records.RunRef, r run.Run) (write, error) {
	measured, err := tx.Documents(records.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection(records.SeriesCollection).Where("run", "==", string(r.ID))).GetAll()
	if err != nil {
		return nil, fmt.Errorf("read series: %w", err)
	}
	found, err := h.lateSightings(ctx, tx, s, place, r)
	if err != nil {
		return nil, err
	}
	return func(tx *firestore.Transaction) error {
		for _, doc := range measured {
			if err := tx.Update(doc.Ref, []firestore.Update{{Path: "slx", Value: r.Start.SLX}, {Path: "waiting", Value: true}}); err != nil {
				return fmt.Errorf("write series: %w", err)
			}
		}
		return found(tx)
	}, nil
}

func (h *Handler) lateSightings(ctx context.Context, tx *firestore.Transaction, s access.Session, place records.RunRef, r run.Run) (write, error) {
	if r.Sightings == 0 {
		return nothing, nil
	}
	k, err := h.keys.Of(ctx, s.Tenant, s.DB)
	if err != nil {
		return nil, err
	}
	fingerprintKey, err := k.FingerprintKey(ctx)
	if err != nil {
		return nil, err
	}
	docs, err := tx.Documents(place.Record.Collection(records.SightingsCollection)).GetAll()
	if err != nil {
		return nil, fmt.Errorf("read sightings: %w", err)
	}
	records := make([]issue.Record, len(docs))
	for i, doc := range docs {
		if records[i], err = again(ctx, k, fingerprintKey, doc, r); err != nil {
			return nil, err
		}
	}
	return func(tx *firestore.Transaction) error {
		for i, doc := range docs {
			if err := tx.Set(doc.Ref, records[i]); err != nil {
				return fmt.Errorf("write sighting: %w", err)
			}
		}
		return nil
	}, nil
}

// again makes the record of a sighting anew, now that its run's start is known.
func again(ctx context.Context, k *keys.Tenant, fingerprintKey []byte, doc *firestore.DocumentSnapshot, r run.Run) (issue.Record, error) {
	old, err := records.Decode[issue.Record](doc)
	if err != nil {
		return issue.Record{}, err
	}
	line, err := records.CryptFunc(k.Open).Apply(ctx, doc.Ref, old.Line)
	if errors.Is(err, keys.ErrSealed) { // for good: it must not keep the run from its start
		api.Logger(ctx).ErrorContext(ctx, "the text of a sighting does not open", "run", string(r.ID), "number", old.Number)
		old.Task, old.SLX, old.Resource, old.Start = r.Start.Task, r.Start.SLX, r.Start.Resource, r.Start.Time
		return old, nil
	}
	if err != nil {
		return issue.Record{}, fmt.Errorf("open sighting: %w", err)
	}
	s, err := issue.ParseSighting(line)
	if err != nil {
		return issue.Record{}, fmt.Errorf("read sighting: %w", err)
	}
	record := issue.NewRecord(fingerprintKey, r.ID, r.Start, old.Number, s)
	record.Line = old.Line
	return record, nil
}

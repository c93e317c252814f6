package exportjob

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/outbox"
)

// Create records an export, and begins it. entry is the audit entry of the request.
// If the export exists with the same request, Create returns it and changes nothing.
// It returns ErrConflict if the export exists with another request, and ErrTooMany
// if MaxActive exports of the tenant are active.
func (j *Jobs) Create(ctx context.Context, h Home, e export.Export, entry auditlog.Entry) (export.Export, error) {
	prepared, err := j.Audit.Prepare(ctx, h.DB, entry)
	if err != nil {
		return export.Export{}, err
	}
	e.Entry = prepared.ID
	var created bool
	err = gcp.Transact(ctx, h.DB, func(_ context.Context, tx *firestore.Transaction) error {
		existing, found, err := h.readNew(tx, e)
		if created = err == nil && !found; !created {
			if found {
				e = existing
			}
			return err
		}
		if err := j.write(tx, h, e); err != nil {
			return err
		}
		return prepared.Write(tx)
	})
	if err == nil && created {
		prepared.Committed(ctx)
		j.publish(ctx, h, []outbox.Entry{outbox.NewExportPart(h.Tenant, e.ID, FirstPart().ID, j.Now())})
	}
	return e, err
}

// readNew reads what decides whether an export can be created. It returns the
// export that exists with the same request, if there is one.
func (h Home) readNew(tx *firestore.Transaction, e export.Export) (existing export.Export, found bool, err error) {
	docs, err := tx.GetAll([]*firestore.DocumentRef{h.Exports().Doc(string(e.ID))})
	if err != nil {
		return existing, false, fmt.Errorf("read export: %w", err)
	}
	if docs[0].Exists() {
		existing, err = Decode[export.Export](docs[0])
		if err == nil && (!existing.Request.Equal(e.Request) || existing.Staff != e.Staff) {
			err = ErrConflict
		}
		return existing, err == nil, err
	}
	active, err := tx.Documents(h.active(export.MaxActive)).GetAll()
	if err != nil {
		return existing, false, fmt.Errorf("count active exports: %w", err)
	}
	if len(active) >= export.MaxActive {
		return existing, false, ErrTooMany
	}
	return existing, false, nil
}

// FirstPart returns the part that plans all others. When it is done, its Range has
// the audit entries of the export.
func FirstPart() export.Part { return export.NewPart(export.PlanPart, "", export.Range{}) }

// write writes a new export with its first part.
func (j *Jobs) write(tx *firestore.Transaction, h Home, e export.Export) error {
	if err := tx.Create(h.Exports().Doc(string(e.ID)), e); err != nil {
		return fmt.Errorf("create export: %w", err)
	}
	_, err := j.writeParts(tx, h, e.ID, []export.Part{FirstPart()})
	return err
}

// writeParts creates parts with their outbox entries, which it returns.
func (j *Jobs) writeParts(tx *firestore.Transaction, h Home, id export.ID, parts []export.Part) ([]outbox.Entry, error) {
	now := j.Now()
	var entries []outbox.Entry
	for _, p := range parts {
		p.Published = now
		if err := tx.Create(h.Parts(id).Doc(p.ID), p); err != nil {
			return nil, fmt.Errorf("create part: %w", err)
		}
		entry := outbox.NewExportPart(h.Tenant, id, p.ID, now)
		if err := entry.Write(tx, h.DB); err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// publish publishes entries that are committed. An error is not returned: the
// entries remain in the outbox, and the function sweep publishes them a minute
// later.
func (j *Jobs) publish(ctx context.Context, h Home, entries []outbox.Entry) {
	_ = j.Publisher.PublishAll(ctx, h.DB, entries)
}

// active is the query of the exports that are not finished, the oldest first.
func (h Home) active(limit int) firestore.Query {
	return h.Exports().Where("active", "==", true).OrderBy("created", firestore.Asc).Limit(limit)
}

// AnyActive reports whether an export is not finished.
func (h Home) AnyActive(ctx context.Context) (bool, error) {
	docs, err := h.active(1).Documents(ctx).GetAll()
	if err != nil {
		return false, fmt.Errorf("find active exports: %w", err)
	}
	return len(docs) > 0, nil
}

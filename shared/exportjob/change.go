package exportjob

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/outbox"
)

// worker is who ends exports in the audit log, unless a person cancels them.
var worker = auditlog.Actor{Subject: "export-worker"}

// Cancel ends an export. entry is the audit entry of the request. It returns
// export.ErrEnded if the export has ended otherwise, and ErrNotFound if none
// exists.
func (j *Jobs) Cancel(ctx context.Context, h Home, id export.ID, entry auditlog.Entry) (export.Export, error) {
	return j.change(ctx, h, id, &entry, func(e *export.Export) (bool, error) {
		if e.State == export.Canceled {
			return false, nil
		}
		err := e.Cancel(j.Now())
		return err == nil, err
	})
}

// Fail ends an export that cannot be completed. part is the ID of the part that
// failed, or empty. If the export has ended, Fail does nothing.
func (j *Jobs) Fail(ctx context.Context, h Home, id export.ID, reason export.Reason, part string) error {
	entry := h.endEntry(id, string(reason))
	_, err := j.change(ctx, h, id, &entry, func(e *export.Export) (bool, error) {
		return e.Fail(reason, part, j.Now()) == nil, nil
	})
	return err
}

// Pause notes that the tenant's key, or one of its buckets, cannot be used. If the export has ended, Pause
// does nothing.
func (j *Jobs) Pause(ctx context.Context, h Home, id export.ID, reason export.Reason) error {
	_, err := j.change(ctx, h, id, nil, func(e *export.Export) (bool, error) { return e.Pause(reason, j.Now()), nil })
	return err
}

// NoteProgress counts the parts of an export that are done, and notes the time if
// there are more than before. It returns the export.
func (j *Jobs) NoteProgress(ctx context.Context, h Home, id export.ID) (export.Export, error) {
	done, err := Count(ctx, h.Parts(id).Where("done", "==", true))
	if err != nil {
		return export.Export{}, err
	}
	return j.change(ctx, h, id, nil, func(e *export.Export) (bool, error) { return e.Progress(done, j.Now()), nil })
}

// endEntry is the audit entry of the end of an export.
func (h Home) endEntry(id export.ID, reason string) auditlog.Entry {
	return auditlog.Entry{
		Tenant: h.Tenant, Actor: worker, Action: auditlog.EndExport, Outcome: auditlog.Done,
		Reason: reason, Resource: "exports/" + string(id),
	}
}

// change changes an export in a transaction, with an audit entry if there is one.
// It writes nothing if apply reports no change.
func (j *Jobs) change(ctx context.Context, h Home, id export.ID, entry *auditlog.Entry, apply func(*export.Export) (bool, error)) (e export.Export, err error) {
	var prepared auditlog.Prepared
	if entry != nil {
		if prepared, err = j.Audit.Prepare(ctx, h.DB, *entry); err != nil {
			return e, err
		}
	}
	ref, written := h.Exports().Doc(string(id)), false
	err = gcp.Transact(ctx, h.DB, func(_ context.Context, tx *firestore.Transaction) error {
		written = false
		docs, err := tx.GetAll([]*firestore.DocumentRef{ref})
		if err != nil {
			return fmt.Errorf("read export: %w", err)
		}
		if !docs[0].Exists() {
			return ErrNotFound
		}
		if e, err = Decode[export.Export](docs[0]); err != nil {
			return err
		}
		changed, err := apply(&e)
		if err != nil || !changed {
			return err
		}
		if err := tx.Set(ref, e); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
		if entry == nil {
			return nil
		}
		written = true
		return prepared.Write(tx)
	})
	if err == nil && written {
		prepared.Committed(ctx)
	}
	return e, err
}

// FinishPart records the files of a part, and creates the parts that follow from it.
// began is the export as it was when the part began. A part that is done already does
// not change, and neither does a part of an export that has ended: then FinishPart
// returns export.ErrEnded.
func (j *Jobs) FinishPart(ctx context.Context, h Home, began export.Export, part export.Part, next ...export.Part) error {
	id := began.ID
	var entries []outbox.Entry
	err := gcp.Transact(ctx, h.DB, func(_ context.Context, tx *firestore.Transaction) error {
		entries = nil
		e, stored, err := h.readPart(tx, id, part.ID)
		if err != nil || stored.Done {
			return err
		}
		if entries, err = j.writeParts(tx, h, id, next); err != nil {
			return err
		}
		if e.Run(began, len(part.Files) > 0) {
			if err := tx.Set(h.Exports().Doc(string(id)), e); err != nil {
				return fmt.Errorf("write export: %w", err)
			}
		}
		return h.writePart(tx, id, part)
	})
	if err == nil {
		j.publish(ctx, h, entries)
	}
	return err
}

// readPart reads a part of an active export in tx.
func (h Home) readPart(tx *firestore.Transaction, id export.ID, part string) (export.Export, export.Part, error) {
	docs, err := tx.GetAll(h.refs(id, part))
	if err != nil {
		return export.Export{}, export.Part{}, fmt.Errorf("read part: %w", err)
	}
	e, p, err := decodePart(docs)
	if (err == nil || errors.Is(err, ErrNoPart)) && !e.Active {
		err = export.ErrEnded
	}
	return e, p, err
}

func (h Home) writePart(tx *firestore.Transaction, id export.ID, part export.Part) error {
	if err := tx.Set(h.Parts(id).Doc(part.ID), part); err != nil {
		return fmt.Errorf("write part: %w", err)
	}
	return nil
}

// List creates the first list if all rows of the export are written. Call it after
// FinishPart of a part that plans or has rows, also if that part was done already:
// the process that finished it may have crashed.
func (j *Jobs) List(ctx context.Context, h Home, id export.ID) error {
	open := h.Parts(id).Where("done", "==", false).Limit(1)
	if docs, err := open.Documents(ctx).GetAll(); err != nil || len(docs) > 0 {
		return wrap("find parts that are not done", err)
	}
	list := export.NewPart(export.ListPart, "", export.Range{})
	var entries []outbox.Entry
	err := gcp.Transact(ctx, h.DB, func(_ context.Context, tx *firestore.Transaction) error {
		entries = nil
		_, _, err := h.readPart(tx, id, list.ID)
		if !errors.Is(err, ErrNoPart) {
			return err // the list exists, or cannot be read
		}
		if docs, err := tx.Documents(open).GetAll(); err != nil || len(docs) > 0 {
			return wrap("find parts that are not done", err)
		}
		entries, err = j.writeParts(tx, h, id, []export.Part{list})
		return err
	})
	if err == nil {
		j.publish(ctx, h, entries)
	}
	return err
}

// Complete records the manifest of an export, which is then done.
func (j *Jobs) Complete(ctx context.Context, h Home, id export.ID, part export.Part, digest []byte) error {
	prepared, err := j.Audit.Prepare(ctx, h.DB, h.endEntry(id, ""))
	if err != nil {
		return err
	}
	return gcp.Transact(ctx, h.DB, func(_ context.Context, tx *firestore.Transaction) error {
		e, stored, err := h.readPart(tx, id, part.ID)
		if err != nil || stored.Done {
			return err
		}
		if err := e.Complete(digest, j.Now()); err != nil {
			return err
		}
		if err := tx.Set(h.Exports().Doc(string(id)), e); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
		if err := h.writePart(tx, id, part); err != nil {
			return err
		}
		return prepared.Write(tx)
	})
}

func wrap(action string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", action, err)
}

package exportjob

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/outbox"
)

// Errors of schedules.
var (
	ErrNoSchedule       = errors.New("no such schedule")
	ErrTooManySchedules = errors.New("the tenant has too many schedules")
)

// Schedule reads a schedule. It returns ErrNoSchedule if none exists.
func (h Home) Schedule(ctx context.Context, name export.ScheduleName) (export.Schedule, error) {
	doc, err := h.Schedules().Doc(string(name)).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return export.Schedule{}, ErrNoSchedule
	}
	if err != nil {
		return export.Schedule{}, fmt.Errorf("read schedule: %w", err)
	}
	return Decode[export.Schedule](doc)
}

// SetSchedule creates or changes a schedule. A new schedule begins with the window
// that is now. A changed one continues where it was: its next window begins at the
// same time as before. If nothing changes, SetSchedule writes nothing. It returns
// ErrTooManySchedules if the tenant has MaxSchedules others.
func (j *Jobs) SetSchedule(ctx context.Context, h Home, set export.Schedule, entry auditlog.Entry) (export.Schedule, error) {
	prepared, err := j.Audit.Prepare(ctx, h.DB, entry)
	if err != nil {
		return export.Schedule{}, err
	}
	ref, result, changed := h.Schedules().Doc(string(set.Name)), export.Schedule{}, false
	err = gcp.Transact(ctx, h.DB, func(_ context.Context, tx *firestore.Transaction) error {
		docs, err := tx.Documents(h.Schedules().Limit(export.MaxSchedules + 1)).GetAll()
		if err != nil {
			return fmt.Errorf("list schedules: %w", err)
		}
		old, others, err := findSchedule(docs, ref.ID)
		if err != nil {
			return err
		}
		if others >= export.MaxSchedules {
			return ErrTooManySchedules
		}
		if result, changed, err = old.Change(set, j.Now()); err != nil || !changed {
			return err
		}
		if err := tx.Set(ref, result); err != nil {
			return fmt.Errorf("write schedule: %w", err)
		}
		return prepared.Write(tx)
	})
	if err == nil && changed {
		prepared.Committed(ctx)
	}
	return result, err
}

// findSchedule returns the schedule with an ID, or the zero Schedule, and the number
// of others.
func findSchedule(docs []*firestore.DocumentSnapshot, id string) (found export.Schedule, others int, err error) {
	others = len(docs)
	for _, doc := range docs {
		if doc.Ref.ID == id {
			others--
			if found, err = Decode[export.Schedule](doc); err != nil {
				return found, others, err
			}
		}
	}
	return found, others, nil
}

// DeleteSchedule deletes a schedule, which it returns. It returns ErrNoSchedule if
// none exists.
func (j *Jobs) DeleteSchedule(ctx context.Context, h Home, name export.ScheduleName, entry auditlog.Entry) (s export.Schedule, err error) {
	prepared, err := j.Audit.Prepare(ctx, h.DB, entry)
	if err != nil {
		return s, err
	}
	ref, deleted := h.Schedules().Doc(string(name)), false
	err = gcp.Transact(ctx, h.DB, func(_ context.Context, tx *firestore.Transaction) error {
		docs, err := tx.GetAll([]*firestore.DocumentRef{ref})
		if err != nil {
			return fmt.Errorf("read schedule: %w", err)
		}
		if !docs[0].Exists() {
			if deleted { // by an attempt whose reply was lost
				return nil
			}
			return ErrNoSchedule
		}
		deleted = true
		if s, err = Decode[export.Schedule](docs[0]); err != nil {
			return err
		}
		if err := tx.Delete(ref); err != nil {
			return fmt.Errorf("delete schedule: %w", err)
		}
		return prepared.Write(tx)
	})
	if err == nil {
		prepared.Committed(ctx)
	}
	return s, err
}

// DueSchedules returns the query for the schedules whose next window has ended at a
// time, in a whole database.
func DueSchedules(db *firestore.Client, now time.Time) firestore.Query {
	return db.CollectionGroup(SchedulesCollection).Where("end", "<=", now).OrderBy("end", firestore.Asc)
}

// CreateWindow creates the export of a schedule's next window in a bucket of the tenant, and
// advances the schedule, in one commit. auditEnd is the size of the audit log's published tree at
// the end of the window. If the schedule is not what the caller read, CreateWindow
// does nothing. It returns ErrTooMany if too many exports of the tenant are active.
//
// If the export of the window exists already, the schedule only advances: a window is
// exported once.
func (j *Jobs) CreateWindow(ctx context.Context, h Home, s export.Schedule, bucket string, auditEnd int64, entry auditlog.Entry) (created bool, err error) {
	e := s.Export(h.Tenant, bucket, j.Now())
	entry.Resource = "exports/" + string(e.ID)
	prepared, err := j.Audit.Prepare(ctx, h.DB, entry)
	if err != nil {
		return false, err
	}
	e.Entry = prepared.ID
	err = gcp.Transact(ctx, h.DB, func(_ context.Context, tx *firestore.Transaction) error {
		created = false
		ref, next, err := h.readDue(tx, s)
		if err != nil || ref == nil {
			return err
		}
		_, found, err := h.readNew(tx, e)
		if err != nil && !errors.Is(err, ErrConflict) {
			return err
		}
		next.Last, next.AuditBegin, next.Locked = e.ID, auditEnd, false
		if err := next.Advance(); err != nil {
			return err
		}
		if err := tx.Set(ref, next); err != nil {
			return fmt.Errorf("write schedule: %w", err)
		}
		if found || err != nil {
			return nil
		}
		created = true
		if err := j.write(tx, h, e); err != nil {
			return err
		}
		return prepared.Write(tx)
	})
	if err == nil && created {
		j.publish(ctx, h, []outbox.Entry{outbox.NewExportPart(h.Tenant, e.ID, FirstPart().ID, j.Now())})
	}
	return created, err
}

// readDue reads a schedule in tx. It returns no reference if the schedule's next
// window is not that of s any more.
func (h Home) readDue(tx *firestore.Transaction, s export.Schedule) (*firestore.DocumentRef, export.Schedule, error) {
	ref := h.Schedules().Doc(string(s.Name))
	docs, err := tx.GetAll([]*firestore.DocumentRef{ref})
	if err != nil {
		return nil, s, fmt.Errorf("read schedule: %w", err)
	}
	if !docs[0].Exists() {
		return nil, s, nil
	}
	stored, err := Decode[export.Schedule](docs[0])
	if err != nil || !stored.SameWindow(s) {
		return nil, s, err
	}
	return ref, stored, nil
}

// UpdateWindow stores another end of a schedule's next window, or that the tenant's
// key is disabled. If the schedule is not what the caller read, it does nothing.
func (j *Jobs) UpdateWindow(ctx context.Context, h Home, old, updated export.Schedule) error {
	return gcp.Transact(ctx, h.DB, func(_ context.Context, tx *firestore.Transaction) error {
		ref, stored, err := h.readDue(tx, old)
		if err != nil || ref == nil {
			return err
		}
		stored.End, stored.Locked = updated.End, updated.Locked
		if err := tx.Set(ref, stored); err != nil {
			return fmt.Errorf("write schedule: %w", err)
		}
		return nil
	})
}

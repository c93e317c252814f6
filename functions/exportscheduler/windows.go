package exportscheduler

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Limits of one call.
const (
	maxSchedules = 500 // of a database
	maxWindows   = 50  // of one schedule, that are created or skipped
)

// createWindows creates the exports of all windows that have ended.
func (h *Handler) createWindows(ctx context.Context, db *firestore.Client, result *Result) error {
	docs, err := exportjob.DueSchedules(db, h.deps.Now()).Limit(maxSchedules).Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list due schedules: %w", err)
	}
	result.More = result.More || len(docs) == maxSchedules
	for _, doc := range docs {
		if err := h.catchUp(ctx, db, doc, result); err != nil {
			result.Failed++
			api.Logger(ctx).ErrorContext(ctx, "schedule not processed", "tenant", doc.Ref.Parent.Parent.ID, "schedule", doc.Ref.ID, "error", err.Error())
		}
	}
	return nil
}

// catchUp creates the exports of one schedule's windows that have ended, oldest
// first. It stops at the first that cannot be created now.
func (h *Handler) catchUp(ctx context.Context, db *firestore.Client, doc *firestore.DocumentSnapshot, result *Result) error {
	s, err := exportjob.Decode[export.Schedule](doc)
	if err != nil {
		return err
	}
	record, home, err := h.home(ctx, db, doc.Ref)
	if err != nil || record.State != tenant.Active {
		return err
	}
	if locked, err := h.checkKey(ctx, record, home, s); locked || err != nil {
		result.Locked++
		return err
	}
	for range maxWindows {
		if s.End.After(h.deps.Now()) {
			return nil
		}
		if s, err = h.createWindow(ctx, record, home, s, result); errors.Is(err, exportjob.ErrTooMany) {
			result.Full++
			return nil
		}
		if err != nil {
			return err
		}
	}
	result.More = true
	return nil
}

// checkKey reports whether the tenant's key is disabled, and stores that in the
// schedule. The schedule then waits, and no window is lost.
func (h *Handler) checkKey(ctx context.Context, record tenant.Record, home exportjob.Home, s export.Schedule) (locked bool, err error) {
	client, err := h.deps.Clients.KMS(ctx)
	if err != nil {
		return false, err
	}
	err = keys.CheckUsable(ctx, client, record.KeyName)
	if !errors.Is(err, keys.ErrKeyUnavailable) {
		return false, err
	}
	api.Logger(ctx).WarnContext(ctx, "scheduled export waits: the tenant's key cannot be used", "tenant", home.Tenant, "schedule", s.Name)
	if s.Locked {
		return true, nil
	}
	updated := s
	updated.Locked = true
	return true, h.jobs.UpdateWindow(ctx, home, s, updated)
}

// createWindow creates the export of the schedule's next window, and returns the
// schedule after it. If the database cannot be read at the end of the window any
// more, the window is extended to the next end: its export has the same documents,
// in a later state.
func (h *Handler) createWindow(ctx context.Context, record tenant.Record, home exportjob.Home, s export.Schedule, result *Result) (export.Schedule, error) {
	if h.deps.Now().Sub(s.End) > export.MaxRequestedAge {
		updated := s
		if err := updated.Extend(); err != nil {
			return s, err
		}
		if err := h.jobs.UpdateWindow(ctx, home, s, updated); err != nil {
			return s, err
		}
		return home.Schedule(ctx, s.Name)
	}
	tree, err := auditlog.ReadTreeAt(ctx, home.DB, home.Tenant, s.End)
	if err != nil {
		return s, err
	}
	created, err := h.jobs.CreateWindow(ctx, home, s, record.ExportsBucket, tree.Size, auditlog.Entry{
		Tenant: home.Tenant, Actor: auditlog.Actor{Subject: "export-scheduler"}, Action: auditlog.CreateExport, Outcome: auditlog.Allowed,
	})
	if err != nil {
		return s, err
	}
	if created {
		result.Created++
	}
	return home.Schedule(ctx, s.Name)
}

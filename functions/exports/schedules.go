package exports

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
)

// ScheduleSettings is what a client sets of a schedule.
type ScheduleSettings struct {
	ContentBody
	Every    string `json:"every" class:"configuration" enum:"hourly,daily,weekly,monthly" doc:"Length of a window: a week begins on Monday, and a day at midnight"`
	TimeZone string `json:"timeZone,omitempty" class:"configuration" default:"UTC" maxLength:"64" doc:"Name of the IANA database, such as Europe/Berlin"`
}

// ScheduleBody is a schedule.
type ScheduleBody struct {
	Name string `json:"name" class:"operational"`
	ScheduleSettings
	Begin  time.Time `json:"begin" class:"operational" doc:"Begin of the next window"`
	End    time.Time `json:"end" class:"operational" doc:"End of the next window, which is then exported"`
	Last   string    `json:"lastExport,omitempty" class:"operational" doc:"Export of the last window; absent if none exists yet"`
	Locked bool      `json:"keyLocked,omitempty" class:"operational" doc:"The tenant's key is disabled, so windows wait until it is enabled"`
}

type scheduleRequest struct {
	Schedule string `path:"schedule" class:"operational"`
}

type setScheduleRequest struct {
	Schedule string `path:"schedule" class:"operational"`
	Body     ScheduleSettings
}

type scheduleResponse struct{ Body ScheduleBody }

type schedulesResponse struct {
	Body struct {
		Schedules []ScheduleBody `json:"schedules" doc:"All schedules of the tenant, at most 20, sorted by name"`
	}
}

// parseName returns the name of a schedule that a client sent. The error is a 400.
func parseName(raw string) (export.ScheduleName, error) {
	name, err := export.ParseScheduleName(raw)
	if err != nil {
		return "", api.Refuse(http.StatusBadRequest, err.Error())
	}
	return name, nil
}

// setSchedule writes a schedule and the audit entry, in one commit.
func (h *Handler) setSchedule(ctx context.Context, in *setScheduleRequest) (*scheduleResponse, error) {
	s := access.From(ctx)
	name, err := parseName(in.Schedule)
	if err != nil {
		return nil, err
	}
	set := export.Schedule{
		Name: name, Request: in.Body.ContentBody.request().Canonical(), Every: export.Every(in.Body.Every), TimeZone: in.Body.TimeZone,
	}
	if err := errors.Join(split(set.Request.Validate(h.deps.Now()), set.Validate())...); err != nil {
		return nil, invalid(err)
	}
	if err := h.checkWorkspaces(ctx, s.Tenant.ID, set.Request.Workspaces); err != nil {
		return nil, err
	}
	stored, err := h.jobs.SetSchedule(ctx, homeOf(s), set, entry(s, s.Tenant.ID, auditlog.SetExportSchedule, "export-schedules/"+string(name)))
	if errors.Is(err, exportjob.ErrTooManySchedules) {
		return nil, api.Refuse(http.StatusConflict, fmt.Sprintf("the tenant has %d schedules; delete one first", export.MaxSchedules))
	}
	if err != nil {
		return nil, err
	}
	return &scheduleResponse{showSchedule(stored)}, nil
}

// split returns the errors that errors join.
func split(errs ...error) (all []error) {
	for _, err := range errs {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			all = append(all, joined.Unwrap()...)
		}
	}
	return all
}

func (h *Handler) getSchedule(ctx context.Context, in *scheduleRequest) (*scheduleResponse, error) {
	name, err := parseName(in.Schedule)
	if err != nil {
		return nil, err
	}
	stored, err := homeOf(access.From(ctx)).Schedule(ctx, name)
	if err != nil {
		return nil, scheduleProblem(err)
	}
	return &scheduleResponse{showSchedule(stored)}, nil
}

func (h *Handler) listSchedules(ctx context.Context, _ *struct{}) (*schedulesResponse, error) {
	docs, err := homeOf(access.From(ctx)).Schedules().OrderBy(firestore.DocumentID, firestore.Asc).Limit(export.MaxSchedules).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list schedules: %w", err)
	}
	out := &schedulesResponse{}
	out.Body.Schedules = []ScheduleBody{}
	for _, doc := range docs {
		s, err := exportjob.Decode[export.Schedule](doc)
		if err != nil {
			return nil, err
		}
		out.Body.Schedules = append(out.Body.Schedules, showSchedule(s))
	}
	return out, nil
}

// deleteSchedule deletes a schedule and writes the audit entry, in one commit. The
// exports that it created remain.
func (h *Handler) deleteSchedule(ctx context.Context, in *scheduleRequest) (*scheduleResponse, error) {
	s := access.From(ctx)
	name, err := parseName(in.Schedule)
	if err != nil {
		return nil, err
	}
	if err := h.guard.RefuseUnderHold(ctx, s.Tenant.ID, ""); err != nil {
		return nil, err
	}
	deleted, err := h.jobs.DeleteSchedule(ctx, homeOf(s), name, entry(s, s.Tenant.ID, auditlog.DeleteExportSchedule, "export-schedules/"+string(name)))
	if err != nil {
		return nil, scheduleProblem(err)
	}
	return &scheduleResponse{showSchedule(deleted)}, nil
}

func scheduleProblem(err error) error {
	if errors.Is(err, exportjob.ErrNoSchedule) {
		return api.Refuse(http.StatusNotFound, "the tenant has no such schedule")
	}
	return err
}

func showSchedule(s export.Schedule) ScheduleBody {
	return ScheduleBody{
		Name:             string(s.Name),
		ScheduleSettings: ScheduleSettings{ContentBody: showContent(s.Request), Every: string(s.Every), TimeZone: s.TimeZone},
		Begin:            s.Begin.UTC(), End: s.End.UTC(), Last: string(s.Last), Locked: s.Locked,
	}
}

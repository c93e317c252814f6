package exportscheduler_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/exportscheduler"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// zones have clocks that change: in Santiago and Beirut at midnight, in Lord Howe by
// half an hour, and in Kathmandu never.
var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe", "Asia/Kathmandu"}

// grid contains every boundary: the clocks of all zones differ from UTC by a multiple.
const grid = 15 * time.Minute

// scheduled is a tenant with a schedule.
type scheduled struct {
	*cloudtest.Tenant
	home  exportjob.Home
	every export.Every
	zone  *time.Location
}

func newScheduled(t *testing.T, c *cloudtest.Cloud, every export.Every, zone string) scheduled {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tn := c.Tenant(t)
	s := scheduled{Tenant: tn, home: exportjob.Home{DB: db, Tenant: tn.ID}, every: every, zone: location}
	s.request(t)
	return s
}

// request requests the schedule, also again.
func (s scheduled) request(t *testing.T) {
	t.Helper()
	s.Do(t, "admin", http.MethodPut, "/v1/export-schedules/s", map[string]any{
		"kinds": []string{"inventory"}, "every": s.every, "timeZone": s.zone.String(),
	}).Want(t, http.StatusOK)
}

// finish ends the active exports, so that there is room for others.
func (s scheduled) finish(t *testing.T) {
	t.Helper()
	docs, err := s.home.Exports().Where("active", "==", true).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		if _, err := doc.Ref.Update(t.Context(), []firestore.Update{{Path: "active", Value: false}, {Path: "state", Value: export.Done}}); err != nil {
			t.Fatal(err)
		}
	}
}

// isBoundary reports whether windows may end at a time.
func (s scheduled) isBoundary(at time.Time) bool {
	local, before := at.In(s.zone), at.Add(-time.Nanosecond).In(s.zone)
	isNewDay := local.YearDay() != before.YearDay()
	switch s.every {
	case export.Hourly:
		return true // of elapsed time: each window is an hour after the one before
	case export.Weekly:
		return isNewDay && local.Weekday() == time.Monday
	case export.Monthly:
		return isNewDay && local.Day() == 1
	default:
		return isNewDay
	}
}

// check compares the exports with the calendar: every window that has ended is
// exported, and each begins where the one before ended. A window is longer only if
// the database could not be read at its end any more.
func (s scheduled) check(t *testing.T, begun time.Time) {
	t.Helper()
	docs, err := s.home.Exports().OrderBy("readTime", firestore.Asc).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	var end time.Time
	for _, doc := range docs {
		e, err := exportjob.Decode[export.Export](doc)
		if err != nil {
			t.Fatal(err)
		}
		from, to := e.Request.From, e.Request.To
		about := fmt.Sprintf("%s in %s, the window from %s to %s", s.every, s.zone, from.In(s.zone), to.In(s.zone))
		if end.IsZero() && from.After(begun) || !end.IsZero() && !from.Equal(end) {
			t.Errorf("%s does not follow the one before, which ended at %s", about, end.In(s.zone))
		}
		if !s.isBoundary(to) || !e.ReadTime.Equal(to) || to.After(s.Cloud.Clock.Now()) {
			t.Errorf("%s does not end at a boundary", about)
		}
		for at := from.Add(grid); s.every != export.Hourly && at.Before(to); at = at.Add(grid) {
			if s.isBoundary(at) && e.Created.Sub(at) < export.MaxRequestedAge {
				t.Errorf("%s has the boundary %s, at which it could be read when it was created", about, at.In(s.zone))
			}
		}
		if s.every == export.Hourly && to.Sub(from) != time.Hour && e.Created.Sub(from.Add(time.Hour)) < export.MaxRequestedAge {
			t.Errorf("%s is not an hour", about)
		}
		end = to
	}
	s.checkNoneIsDue(t, end)
}

// checkNoneIsDue reports an error if a window has ended since the last one that was
// exported.
func (s scheduled) checkNoneIsDue(t *testing.T, end time.Time) {
	t.Helper()
	now := s.Cloud.Clock.Now()
	for at := end.Add(grid); !end.IsZero() && at.Before(now); at = at.Add(grid) {
		ended := s.isBoundary(at)
		if s.every == export.Hourly {
			ended = at.Sub(end)%time.Hour == 0
		}
		if ended && now.Sub(at) < export.MaxRequestedAge {
			t.Errorf("%s in %s: the window from %s to %s is not exported", s.every, s.zone, end.In(s.zone), at.In(s.zone))
			return
		}
	}
}

// scheduler is a process of the function whose calls fail as its plan says.
type scheduler struct {
	*exportscheduler.Handler
	mu    sync.Mutex
	plan  map[int]faults.Fault
	calls int
}

func (s *scheduler) next(string) faults.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	fault := s.plan[s.calls]
	s.calls++
	return fault
}

func newScheduler(t *testing.T, c *cloudtest.Cloud, plan map[int]faults.Fault) *scheduler {
	t.Helper()
	s := &scheduler{plan: plan}
	config := c.As(suite.FunctionAccount(name))
	calls, err := faults.New(config.FirestoreHost, s.next)
	if err != nil {
		t.Fatal(err)
	}
	config.FirestoreHost, config.KMSHost = calls.Addr(), calls.Addr()
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _, _ = clients.Close(), calls.Close() }) // connections may be broken
	settings := auditlog.Config{AuditKeyName: c.PlatformKey("audit")}
	s.Handler, err = exportscheduler.New(t.Context(), settings, function.Deps{Clients: clients, Now: c.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *scheduler) run(t *testing.T) {
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
}

// Law 11: each window of a schedule is exported exactly once, and the windows leave out
// no time: while the scheduler is called at random times, twice, by two processes at
// once, over calls that fail, and not at all for days; while schedules are requested
// again, and while clocks change.
func TestLaw11EachWindowIsExportedOnce(t *testing.T) {
	t.Parallel()
	count, seed := cloudtest.Histories(t, 4)
	for i := range count {
		t.Run(fmt.Sprint("seed ", seed+uint64(i)), func(t *testing.T) {
			t.Parallel()
			playWindows(t, rand.New(rand.NewPCG(seed+uint64(i), 2)))
		})
	}
}

func playWindows(t *testing.T, r *rand.Rand) {
	t.Helper()
	c := cloudtest.New(t, suite.Options{Undelivered: []string{"export-worker"}})
	day := 24 * time.Hour
	c.Clock.Advance(time.Duration(r.Int64N(int64(365 * day)))) // so that clocks change
	lengths, most := []export.Every{export.Daily, export.Weekly, export.Monthly}, 20*day
	if r.IntN(3) == 0 {
		lengths, most = []export.Every{export.Hourly, export.Daily}, 7*time.Hour
	}
	begun := c.Clock.Now()
	var tenants []scheduled
	for range 4 {
		tenants = append(tenants, newScheduled(t, c, lengths[r.IntN(len(lengths))], zones[r.IntN(len(zones))]))
	}
	for range 12 {
		c.Clock.Advance(time.Minute + time.Duration(r.Int64N(int64(most))))
		plan := map[int]faults.Fault{}
		for range r.IntN(4) {
			plan[r.IntN(60)] = faults.All[r.IntN(len(faults.All))]
		}
		var group sync.WaitGroup
		for range 1 + r.IntN(2) {
			group.Go(func() { newScheduler(t, c, plan).run(t) })
		}
		group.Wait()
		for _, s := range tenants {
			if r.IntN(2) == 0 {
				s.finish(t)
			}
			if r.IntN(4) == 0 {
				s.request(t)
			}
		}
	}
	last := newScheduler(t, c, nil)
	for range 10 { // at most 5 exports are active at a time
		for _, s := range tenants {
			s.finish(t)
		}
		last.run(t)
	}
	for _, s := range tenants {
		s.check(t, begun)
	}
}

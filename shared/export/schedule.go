package export

import (
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // where a function runs, there may be no time zone database

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// ScheduleName names a schedule of a tenant. The zero ScheduleName names none.
type ScheduleName string

var scheduleName = lazyregexp.New(`^[a-z0-9-]{1,63}$`)

// ErrScheduleName is the error of a text that is not the name of a schedule.
var ErrScheduleName = errors.New("the name of a schedule has 1 to 63 characters from a-z, 0-9 and hyphen")

// ParseScheduleName returns ErrScheduleName if s is not the name of a schedule.
func ParseScheduleName(s string) (ScheduleName, error) {
	if !scheduleName.MatchString(s) {
		return "", ErrScheduleName
	}
	return ScheduleName(s), nil
}

// Every is how long the windows of a schedule are. The zero Every is not valid.
type Every string

// The lengths of windows. Except for an hour, they are those of a calendar: a day on
// which the clocks change has 23 or 25 hours.
const (
	Hourly  Every = "hourly"
	Daily   Every = "daily"   // from midnight
	Weekly  Every = "weekly"  // from midnight on Monday
	Monthly Every = "monthly" // from midnight on the first day
)

// MaxSchedules is the most schedules that a tenant may have.
const MaxSchedules = 20

// Schedule requests an export of each window, at tenants/{t}/exportSchedules/{name}.
type Schedule struct {
	Name     ScheduleName `firestore:"name" class:"operational"`
	Request  Request      `firestore:"request"` // From and To are those of each window
	Every    Every        `firestore:"every" class:"configuration"`
	TimeZone string       `firestore:"timeZone" class:"configuration"` // of the IANA database, such as Europe/Berlin

	Begin      time.Time `firestore:"begin" class:"operational"`      // of the next window
	End        time.Time `firestore:"end" class:"operational"`        // of the next window, which is then exported
	AuditBegin int64     `firestore:"auditBegin" class:"operational"` // index of the first audit entry of the next window
	Last       ID        `firestore:"last" class:"operational"`       // export of the last window; empty: none yet
	Locked     bool      `firestore:"locked" class:"operational"`     // the tenant's key was disabled when the next window ended
}

// Validate returns an error that joins a FieldError for everything wrong with the
// schedule's own fields.
func (s Schedule) Validate() error {
	var errs []error
	switch s.Every {
	case Hourly, Daily, Weekly, Monthly:
	default:
		errs = append(errs, FieldError{"every", "use hourly, daily, weekly or monthly"})
	}
	if _, err := s.location(); err != nil {
		errs = append(errs, FieldError{"timeZone", "it does not exist; use a name of the IANA database, such as Europe/Berlin"})
	}
	return errors.Join(errs...)
}

// location returns the schedule's time zone. "Local" is that of the machine, which
// has no meaning here.
func (s Schedule) location() (*time.Location, error) {
	if s.TimeZone == "" || s.TimeZone == "Local" {
		return nil, fmt.Errorf("the time zone %q does not exist", s.TimeZone)
	}
	return time.LoadLocation(s.TimeZone)
}

// StartAt sets the next window to the one that now is in.
func (s *Schedule) StartAt(now time.Time) error {
	location, err := s.location()
	if err != nil {
		return err
	}
	s.Begin = s.Every.floor(now.In(location)).UTC()
	s.End = s.Begin
	return s.Extend()
}

// Advance sets the next window to the one that follows.
func (s *Schedule) Advance() error {
	s.Begin = s.End
	return s.Extend()
}

// Extend moves the end of the next window to the next boundary. It is for an end at
// which the database cannot be read any more: the missed window becomes part of the
// one that follows.
func (s *Schedule) Extend() error {
	location, err := s.location()
	if err != nil {
		return err
	}
	s.End = s.Every.next(s.End.In(location)).UTC()
	return nil
}

// floor returns the beginning of the window that a local time is in.
func (e Every) floor(t time.Time) time.Time {
	switch e {
	case Hourly:
		return t.Add(-time.Duration(t.Minute())*time.Minute - time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond()))
	case Weekly:
		return midnight(t, 0, -(int(t.Weekday())+6)%7)
	case Monthly:
		return midnight(t, 0, 1-t.Day())
	default:
		return midnight(t, 0, 0)
	}
}

// next returns the boundary that follows a boundary, both local times.
func (e Every) next(t time.Time) time.Time {
	switch e {
	case Hourly:
		return t.Add(time.Hour)
	case Weekly:
		return midnight(t, 0, 7)
	case Monthly:
		return midnight(t, 1, 1-t.Day())
	default:
		return midnight(t, 0, 1)
	}
}

// midnight returns the first moment of a day: months and days after that of t.
// Where the clocks skip midnight, the day begins later.
func midnight(t time.Time, months, days int) time.Time {
	noon := time.Date(t.Year(), t.Month()+time.Month(months), t.Day()+days, 12, 0, 0, 0, t.Location())
	begin := time.Date(noon.Year(), noon.Month(), noon.Day(), 0, 0, 0, 0, t.Location())
	for begin.Day() != noon.Day() {
		begin = begin.Add(Precision) // time.Date chose the side before the gap
	}
	return begin
}

// Change returns the schedule with the settings of set. The zero schedule begins with
// the window that now is in. Any other continues: its next window begins as before,
// and ends at the next boundary of the new settings. It reports whether anything
// changed.
func (s Schedule) Change(set Schedule, now time.Time) (Schedule, bool, error) {
	isNew := s.Name == ""
	if !isNew && s.Request.Equal(set.Request) && s.Every == set.Every && s.TimeZone == set.TimeZone {
		return s, false, nil
	}
	old := s
	s.Name, s.Request, s.Every, s.TimeZone = set.Name, set.Request, set.Every, set.TimeZone
	if !isNew && old.Every == s.Every && old.TimeZone == s.TimeZone {
		return s, true, nil
	}
	if err := s.StartAt(now); err != nil {
		return Schedule{}, false, err
	}
	if !isNew {
		s.Begin = old.Begin
	}
	return s, true, nil
}

// Export returns the export of the schedule's next window, in a bucket of the tenant.
func (s Schedule) Export(t tenant.ID, bucket string, now time.Time) Export {
	r := s.Request
	r.From, r.To = s.Begin, s.End
	e := New(WindowID(t, s.Name, s.End), r, bucket, now)
	e.Schedule, e.AuditBegin = s.Name, s.AuditBegin
	return e
}

// SameWindow reports whether two states of a schedule have the same next window and
// the same settings.
func (s Schedule) SameWindow(o Schedule) bool {
	return s.Begin.Equal(o.Begin) && s.End.Equal(o.End) && s.Every == o.Every && s.TimeZone == o.TimeZone && s.Request.Equal(o.Request)
}

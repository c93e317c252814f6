package export_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

var now = time.Date(2026, 3, 10, 10, 20, 30, 0, time.UTC)

func valid() export.Request {
	return export.Request{Kinds: []export.Kind{export.Metadata}}
}

func TestRequestsAreValidated(t *testing.T) {
	t.Parallel()
	minute := now.Truncate(time.Minute)
	for name, row := range map[string]struct {
		change func(*export.Request)
		field  string // "": it is valid
	}{
		"one kind":                       {func(*export.Request) {}, ""},
		"all kinds that are available":   {func(r *export.Request) { r.Kinds = []export.Kind{export.Audit, export.Inventory, export.Metadata} }, ""},
		"a range":                        {func(r *export.Request) { r.From, r.To = minute.Add(-time.Hour), minute }, ""},
		"an old begin":                   {func(r *export.Request) { r.From = minute.AddDate(-3, 0, 0) }, ""},
		"an end 6 days ago":              {func(r *export.Request) { r.To = now.Add(-6 * 24 * time.Hour).Truncate(time.Minute).Add(time.Minute) }, ""},
		"no kind":                        {func(r *export.Request) { r.Kinds = nil }, "kinds"},
		"a kind twice":                   {func(r *export.Request) { r.Kinds = append(r.Kinds, export.Metadata) }, "kinds"},
		"a kind that does not exist":     {func(r *export.Request) { r.Kinds = []export.Kind{"everything"} }, "kinds"},
		"a range that ends at its begin": {func(r *export.Request) { r.From, r.To = minute, minute }, "to"},
		"a range that ends before it":    {func(r *export.Request) { r.From, r.To = minute, minute.Add(-time.Hour) }, "to"},
		"an end in the future":           {func(r *export.Request) { r.To = minute.Add(time.Minute) }, "to"},
		"a begin in the future":          {func(r *export.Request) { r.From = minute.Add(time.Hour) }, "from"},
		"an end within a minute":         {func(r *export.Request) { r.To = minute.Add(-30 * time.Second) }, "to"},
		"a begin within a minute":        {func(r *export.Request) { r.From = minute.Add(-time.Second) }, "from"},
		"an end 6 days and a minute ago": {func(r *export.Request) { r.To = minute.Add(-6*24*time.Hour - time.Minute) }, "to"},
		"a workspace twice":              {func(r *export.Request) { r.Workspaces = []tenant.WorkspaceID{"a", "a"} }, "workspaces"},
		"a workspace with a slash":       {func(r *export.Request) { r.Workspaces = []tenant.WorkspaceID{"a/b"} }, "workspaces"},
		"101 workspaces": {func(r *export.Request) {
			for i := range 101 {
				r.Workspaces = append(r.Workspaces, tenant.WorkspaceID(fmt.Sprint("w", i)))
			}
		}, "workspaces"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := valid()
			row.change(&r)
			err := r.Canonical().Validate(now)
			var field export.FieldError
			if errors.As(err, &field); field.Field != row.field || (err == nil) != (row.field == "") {
				t.Errorf("the error is %v, want one of %q", err, row.field)
			}
		})
	}
}

func TestTheReadTimeIsTheNextWholeMinute(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{now, now.Truncate(time.Minute)} {
		got := valid().ReadTime(at)
		if wait := got.Sub(at); wait <= 0 || wait > time.Minute || !got.Equal(got.Truncate(time.Minute)) {
			t.Errorf("at %s, the read time is %s", at, got)
		}
	}
}

func TestAnExportThatHasEndedDoesNotChange(t *testing.T) {
	t.Parallel()
	ends := map[export.State]func(*export.Export) error{
		export.Done:     func(e *export.Export) error { return e.Complete([]byte{1}, now) },
		export.Failed:   func(e *export.Export) error { return e.Fail(export.UnreadableData, "part", now) },
		export.Canceled: func(e *export.Export) error { return e.Cancel(now) },
	}
	for state, end := range ends {
		e := export.New("id", valid(), "bucket", now)
		e.Run(e, true)
		if err := end(&e); err != nil || e.State != state || e.Active || e.Ended != now {
			t.Fatalf("%s: %v, %+v", state, err, e)
		}
		ended := e
		for other, again := range ends {
			if err := again(&e); (err == nil) != (state == export.Canceled && other == export.Canceled) {
				t.Errorf("%s after %s: %v", other, state, err)
			}
		}
		if e.Run(e, true) || e.Pause(export.KeyLocked, now) || !reflect.DeepEqual(e, ended) {
			t.Errorf("%s changed to %+v", state, e)
		}
	}
}

func TestAPausedExportRunsAgainOrWaitsForADay(t *testing.T) {
	t.Parallel()
	e := export.New("id", valid(), "bucket", now)
	if !e.Pause(export.KeyLocked, now) || e.Pause(export.KeyLocked, now.Add(time.Hour)) || e.State != export.Paused || e.Reason != export.KeyLocked || e.Paused != now {
		t.Fatalf("paused: %+v", e)
	}
	if e.PausedTooLong(now.Add(24*time.Hour)) || !e.PausedTooLong(now.Add(24*time.Hour+1)) {
		t.Error("it does not wait for a day")
	}
	if !e.Run(e, true) || e.State != export.Running || e.Reason != "" || !e.Paused.IsZero() {
		t.Errorf("running again: %+v", e)
	}
}

func TestOnlyAPartThatShowsThatTheKeyCanBeUsedEndsAPause(t *testing.T) {
	t.Parallel()
	running := export.New("id", valid(), "bucket", now)
	running.Run(running, true)
	paused := running
	paused.Pause(export.KeyLocked, now)
	earlier := running
	earlier.Pause(export.KeyLocked, now.Add(-time.Hour))
	for name, row := range map[string]struct {
		began  export.Export
		wrote  bool
		resume bool
	}{
		"a part that began before the pause and wrote a file":  {began: running, wrote: true},
		"a part that began in an earlier pause and wrote one":  {began: earlier, wrote: true},
		"a part that began in this pause and wrote no file":    {began: paused},
		"a part that began in this pause and wrote a file":     {began: paused, wrote: true, resume: true},
		"a part that began before the pause and wrote no file": {began: running},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := paused
			if e.Run(row.began, row.wrote) != row.resume || (e.State == export.Running) != row.resume {
				t.Errorf("the export is %+v", e)
			}
		})
	}
}

func TestMiddleDivides(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ low, high string }{
		"everything":                      {"", ""},
		"two UUIDs":                       {"0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10", "0199c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10"},
		"two UUIDs of one millisecond":    {"0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10", "0198c2b4-5d1e-7c3a-afff-2a6b1c4d8e10"},
		"a UUID and the end":              {"0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10", ""},
		"hashes":                          {"00ab", "00ac"},
		"the letters of issues":           {"aaaa", "zzzz"},
		"an ID with other characters":     {"a_b", "a~b"},
		"IDs that share a long beginning": {"0198c2b4-5d1e-7c3a-1", "0198c2b4-5d1e-7c3a-9"},
	} {
		if middle, ok := export.Middle(row.low, row.high); !ok || middle <= row.low || row.high != "" && middle >= row.high {
			t.Errorf("%s: the middle of %q and %q is %q, %t", name, row.low, row.high, middle, ok)
		}
	}
	if middle, ok := export.Middle("abc", "abc"); ok {
		t.Errorf("there is a middle %q of equal IDs", middle)
	}
}

func FuzzMiddle(f *testing.F) {
	f.Add("a", "b")
	f.Add("0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10", "")
	f.Fuzz(func(t *testing.T, low, high string) {
		middle, ok := export.Middle(low, high)
		if ok && (middle <= low || high != "" && middle >= high) {
			t.Errorf("the middle of %q and %q is %q", low, high, middle)
		}
	})
}

func TestWindowsFollowTheCalendar(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		every      export.Every
		zone, from string
		want       []string // ends, in UTC
	}{
		"hours":                               {every: export.Hourly, zone: "UTC", from: "2026-03-10T10:20:30Z", want: []string{"2026-03-10T11:00:00Z", "2026-03-10T12:00:00Z"}},
		"hours of a zone with half an hour":   {every: export.Hourly, zone: "Asia/Kolkata", from: "2026-03-10T10:20:30Z", want: []string{"2026-03-10T10:30:00Z", "2026-03-10T11:30:00Z"}},
		"days":                                {every: export.Daily, zone: "UTC", from: "2026-02-27T10:00:00Z", want: []string{"2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z"}},
		"a day of 23 hours":                   {every: export.Daily, zone: "Europe/Berlin", from: "2026-03-28T12:00:00Z", want: []string{"2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z"}},
		"a day of 25 hours":                   {every: export.Daily, zone: "Europe/Berlin", from: "2026-10-24T12:00:00Z", want: []string{"2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "2026-10-26T23:00:00Z"}},
		"a day without midnight":              {every: export.Daily, zone: "Africa/Cairo", from: "2026-04-23T12:00:00Z", want: []string{"2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"}},
		"weeks from Monday":                   {every: export.Weekly, zone: "Europe/Berlin", from: "2026-03-25T12:00:00Z", want: []string{"2026-03-29T22:00:00Z", "2026-04-05T22:00:00Z"}},
		"a week that begins now":              {every: export.Weekly, zone: "UTC", from: "2026-03-30T00:00:00Z", want: []string{"2026-04-06T00:00:00Z"}},
		"months":                              {every: export.Monthly, zone: "America/New_York", from: "2026-01-31T12:00:00Z", want: []string{"2026-02-01T05:00:00Z", "2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z"}},
		"a year's end":                        {every: export.Monthly, zone: "UTC", from: "2026-12-31T23:59:59Z", want: []string{"2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"}},
		"hours on a day on which clocks move": {every: export.Hourly, zone: "Europe/Berlin", from: "2026-03-29T00:30:00Z", want: []string{"2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, row.from)
			if err != nil {
				t.Fatal(err)
			}
			s, _, err := export.Schedule{}.Change(export.Schedule{Name: "s", Request: valid(), Every: row.every, TimeZone: row.zone}, at)
			if err != nil || s.Begin.After(at) || !s.End.After(at) {
				t.Fatalf("the first window is from %s to %s: %v", s.Begin, s.End, err)
			}
			var got []string
			for range row.want {
				got = append(got, s.End.Format(time.RFC3339))
				end := s.End
				if err := s.Advance(); err != nil || !s.Begin.Equal(end) || !s.End.After(end) {
					t.Fatalf("after %s follows %s to %s: %v", end, s.Begin, s.End, err)
				}
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever the zone and the length, windows follow each other and end at whole minutes.
func TestWindowsHaveNoGap(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia", "America/Sao_Paulo", "Asia/Kathmandu"} {
		for _, every := range []export.Every{export.Daily, export.Weekly, export.Monthly} {
			s, _, err := export.Schedule{}.Change(export.Schedule{Name: "s", Every: every, TimeZone: zone}, now)
			if err != nil {
				t.Fatal(err)
			}
			for range 800 {
				end := s.End
				if err := s.Advance(); err != nil || !s.Begin.Equal(end) || !s.End.After(end) || s.End.Second() != 0 {
					t.Fatalf("%s %s: after %s follows %s to %s: %v", zone, every, end, s.Begin, s.End, err)
				}
			}
		}
	}
}

func TestAChangedScheduleContinues(t *testing.T) {
	t.Parallel()
	set := export.Schedule{Name: "s", Request: valid(), Every: export.Daily, TimeZone: "UTC"}
	old, _, err := export.Schedule{}.Change(set, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, changed, err := old.Change(set, now.Add(time.Hour)); changed || err != nil {
		t.Errorf("the same settings change it: %v", err)
	}
	set.Every = export.Hourly
	s, changed, err := old.Change(set, now)
	if err != nil || !changed || !s.Begin.Equal(old.Begin) || !s.End.Equal(now.Truncate(time.Hour).Add(time.Hour)) {
		t.Errorf("the changed schedule goes from %s to %s: %v", s.Begin, s.End, err)
	}
}

func TestTheExportOfAWindowHasOneID(t *testing.T) {
	t.Parallel()
	id := export.WindowID("acme", "nightly", now)
	if _, err := export.ParseID(string(id)); err != nil {
		t.Errorf("%s: %v", id, err)
	}
	if again := export.WindowID("acme", "nightly", now.In(time.FixedZone("x", 3600))); again != id {
		t.Errorf("again it is %s, not %s", again, id)
	}
	for _, other := range []export.ID{
		export.WindowID("acm", "enightly", now), export.WindowID("acme", "weekly", now), export.WindowID("acme", "nightly", now.Add(time.Minute)),
	} {
		if other == id {
			t.Error("two windows have one ID")
		}
	}
}

func TestEveryTableHasASchemaWithClasses(t *testing.T) {
	t.Parallel()
	for _, kind := range export.Kinds {
		for _, table := range export.Tables[kind] {
			text, err := export.Schema(table)
			var schema struct {
				Properties map[string]map[string]any
				Required   []string
			}
			if err := errors.Join(err, json.Unmarshal(text, &schema)); err != nil || len(schema.Required) == 0 {
				t.Fatalf("%s: %v, %s", table, err, text)
			}
			for name, p := range schema.Properties {
				if p["type"] == nil || p["x-class"] == nil && p["type"] != "array" && p["type"] != "object" {
					t.Errorf("%s.%s is %v", table, name, p)
				}
			}
			if err := dataclass.Check(export.RowTypes[table], "json", dataclass.ExportsBucket); err != nil {
				t.Errorf("%s: %v", table, err)
			}
		}
	}
}

func TestEncodeWritesTheSameBytes(t *testing.T) {
	t.Parallel()
	row := export.SightingRow{Run: "r", LineRow: export.LineRow{Line: `{"title":"<a> & 'ü'"}`}}
	first, err := export.Encode(row)
	if err != nil || !slices.Equal(first, must(export.Encode(row))) || strings.Count(string(first), "\n") != 1 {
		t.Errorf("%q, %v", first, err)
	}
	var back struct{ Line string }
	if err := json.Unmarshal(first, &back); err != nil || back.Line != row.Line {
		t.Errorf("the line is %q, want %q: %v", back.Line, row.Line, err)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

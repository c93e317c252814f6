package ingest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/ingest"
	"github.com/strongroom-dev/strongroom/shared/issue"
)

func long(n int) string { return strings.Repeat("x", n) }

// lines are such as the platform takes, and such as it does not.
var lines = map[string]struct {
	line string
	says string // empty: it is taken
}{
	"the empty object":                      {`{}`, ""},
	"an issue":                              {`{"severity":2,"title":"DNS is slow","next_steps":"Look"}`, ""},
	"a mark of byte order and a return":     {"\ufeff{\"title\":\"t\"}\r", ""},
	"a key twice":                           {`{"title":"a","title":"b"}`, ""},
	"a number that is huge":                 {`{"n":1e999}`, ""},
	"half a pair of surrogates":             {`{"title":"\ud800"}`, ""},
	"nothing":                               {``, "not one JSON object"},
	"null":                                  {`null`, "not one JSON object"},
	"an array":                              {`[{}]`, "not one JSON object"},
	"two objects":                           {`{}{}`, "not one JSON object"},
	"bytes that are no UTF-8":               {"{\"title\":\"\xff\"}", "not UTF-8"},
	"64 levels":                             {`{"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, ""},
	"65 levels":                             {`{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, "deeper than 64"},
	"brackets in a text":                    {`{"a":"` + strings.Repeat(`[{\"`, 100) + `"}`, ""},
	"a text of 64 KiB":                      {`{"title":"` + long(65536) + `"}`, ""},
	"a text of 64 KiB and a byte":           {`{"title":"` + long(65537) + `"}`, "a text may have 65536 bytes, \"title\" has 65537"},
	"an unknown text over the limit":        {`{"more":"` + long(65537) + `"}`, `"more" has 65537`},
	"a long text hidden by the first key":   {`{"nextSteps":"a","next_step":"` + long(65537) + `"}`, `"next_step" has`},
	"long lines that are many":              {`{"nextSteps":["` + long(40000) + `","","` + long(40000) + `"]}`, `"nextSteps" has 80001`},
	"long lines under an unknown key":       {`{"more":["` + long(40000) + `","` + long(40000) + `"]}`, ""},
	"spaces in a large object as text":      {`{"details":{"a":` + strings.Repeat(" ", 70000) + `1}}`, ""},
	"a large object as text":                {`{"details":{"a":["` + long(65536) + `"]}}`, `"details" has`},
	"a null before a long text":             {`{"details":null,"description":"` + long(65537) + `"}`, `"description" has`},
	"kwargs that override with a long text": {`{"title":"t","kwargs":{"title":"` + long(65537) + `"}}`, `"title" has`},
	"kwargs that override a long text":      {`{"title":"` + long(65537) + `","kwargs":{"title":"t"}}`, ""},
	"kwargs of null":                        {`{"title":"t","kwargs":{"title":null}}`, ""},
	"a long text in metadata":               {`{"metadata":{"summary":["` + long(65537) + `"]}}`, `"metadata.summary" has`},
	"escapes that shrink":                   {`{"title":"` + strings.Repeat(`\u0041`, 65536) + `"}`, ""},
	"a line over 512 KiB":                   {`{"a":` + strings.Repeat(" ", 512<<10) + `1}`, "a line may have 524288 bytes"},
}

func TestALineIsTakenAsThePlatformTakesIt(t *testing.T) {
	t.Parallel()
	for name, c := range lines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := ingest.CheckIssue([]byte(c.line))
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("says %v, want %q", err, c.says)
			}
			agree(t, c.line)
		})
	}
}

// agree compares with the platform's own verdict.
func agree(t *testing.T, line string) {
	t.Helper()
	sighting, theirs := issue.ParseSighting([]byte(line))
	if ours := ingest.CheckIssue([]byte(line)); (ours == nil) != (theirs == nil) {
		t.Errorf("this says %v, the platform %v: %.200q", ours, theirs, line)
	}
	observed := ingest.OriginOf(line).Observed.Truncate(time.Microsecond)
	if !observed.IsZero() && !observed.Equal(sighting.ObservedAt) {
		t.Errorf("this says %v, the platform %v: %.200q", observed, sighting.ObservedAt, line)
	}
}

func TestALineTellsItsOrigin(t *testing.T) {
	t.Parallel()
	at := func(hour, nanos int) time.Time { return time.Date(2026, 1, 2, hour, 4, 5, nanos, time.UTC) }
	for line, want := range map[string]ingest.Origin{
		`{"taskName":"a","observedAt":"2026-01-02T03:04:05Z"}`:              {Task: "a", Observed: at(3, 0)},
		`{"task_name":"a","observed_at":"2026-01-02t03:04:05.5+02:00"}`:     {Task: "a", Observed: at(1, 5e8)},
		`{"observedAt":null,"observed_at":" 2026-01-02 03:04:05 "}`:         {Observed: at(3, 0)},
		`{"observedAt":"2026-01-02","kwargs":{"taskName":"b"}}`:             {Task: "b"},
		`{"observedAt":"x","kwargs":{"observedAt":"2026-01-02T03:04:05Z"}}`: {Observed: at(3, 0)},
		`{"observedAt":"1969-12-31T23:59:59Z"}`:                             {},
		`{"observedAt":"9999-12-31T23:59:59-01:00"}`:                        {},
		`{"observedAt":"noon"}`:                                             {},
		`rubbish`:                                                           {},
	} {
		if diff := cmp.Diff(want, ingest.OriginOf(line)); diff != "" {
			t.Error(line, diff)
		}
		agree(t, line)
	}
}

// FuzzCheckIssue stretches texts, so that they come near the limit.
func FuzzCheckIssue(f *testing.F) {
	for _, c := range lines {
		if len(c.line) < 4096 {
			f.Add(c.line, 0)
		}
	}
	f.Add(`{"nextSteps":["@","","b@"],"kwargs":{"title":"@"}}`, 65535)
	f.Add(`{"observedAt":"2026-01-02 03:04:05.25+01:00","kwargs":{"observed_at":"@"}}`, 1)
	f.Add(`{"metadata":{"summary":"@"},"x":"@","details":{"a":"@"}}`, 65537)
	f.Fuzz(func(t *testing.T, line string, size int) {
		agree(t, strings.Replace(line, "@", long(min(max(size, 0), 70000)), 3))
	})
}

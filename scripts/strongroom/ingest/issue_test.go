package ingest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/ingest"
)

func long(n int) string { return strings.Repeat("x", n) }

// lines are issue lines and whether a report can have them.
var lines = map[string]struct {
	line  string
	valid bool
}{
	"the empty object":                      {`{}`, false},
	"an issue":                              {`{"severity":2,"title":"DNS is slow","next_steps":"Look"}`, true},
	"a mark of byte order and a return":     {"\ufeff{\"title\":\"t\"}\r", true},
	"a key twice":                           {`{"title":"a","title":"b"}`, true},
	"a number that is huge":                 {`{"title":"t","n":1e999}`, true},
	"half a pair of surrogates":             {`{"title":"\ud800"}`, true},
	"nothing":                               {``, false},
	"null":                                  {`null`, false},
	"an array":                              {`[{}]`, false},
	"two objects":                           {`{}{}`, false},
	"bytes that are no UTF-8":               {"{\"title\":\"\xff\"}", false},
	"64 levels":                             {`{"severity":1,"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, true},
	"65 levels":                             {`{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, false},
	"brackets in a text":                    {`{"severity":1,"a":"` + strings.Repeat(`[{\"`, 100) + `"}`, true},
	"a text of 64 KiB":                      {`{"title":"` + long(65536) + `"}`, true},
	"a text of 64 KiB and a byte":           {`{"title":"` + long(65537) + `"}`, true},
	"an unknown text over the limit":        {`{"title":"t","more":"` + long(65537) + `"}`, true},
	"a long text hidden by the first key":   {`{"nextSteps":"a","next_step":"` + long(65537) + `"}`, true},
	"long lines that are many":              {`{"nextSteps":["` + long(40000) + `","","` + long(40000) + `"]}`, true},
	"long lines under an unknown key":       {`{"title":"t","more":["` + long(40000) + `","` + long(40000) + `"]}`, true},
	"spaces in a large object as text":      {`{"details":{"a":` + strings.Repeat(" ", 70000) + `1}}`, true},
	"a large object as text":                {`{"details":{"a":["` + long(65536) + `"]}}`, true},
	"a null before a long text":             {`{"details":null,"description":"` + long(65537) + `"}`, true},
	"kwargs that override with a long text": {`{"title":"t","kwargs":{"title":"` + long(65537) + `"}}`, true},
	"kwargs that override a long text":      {`{"title":"` + long(65537) + `","kwargs":{"title":"t"}}`, true},
	"kwargs of null":                        {`{"title":"t","kwargs":{"title":null}}`, true},
	"a long text in metadata":               {`{"metadata":{"summary":["` + long(65537) + `"]}}`, true},
	"escapes that shrink":                   {`{"title":"` + strings.Repeat(`\u0041`, 65536) + `"}`, true},
	"a line over 512 KiB":                   {`{"severity":1,"a":` + strings.Repeat(" ", 512<<10) + `1}`, true},
}

func TestOnlyValidLinesAreReported(t *testing.T) {
	t.Parallel()
	for name, c := range lines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f ingest.Findings
			rejected, err := f.ReadIssues(strings.NewReader(c.line + "\n"))
			if err != nil {
				t.Fatal(err)
			}
			if valid := len(f.Issues) == 1 && len(rejected) == 0; valid != c.valid && strings.TrimSpace(c.line) != "" {
				t.Errorf("%d lines are reported, rejected are %v", len(f.Issues), rejected)
			}
		})
	}
}

func TestOriginOfALine(t *testing.T) {
	t.Parallel()
	at := func(hour, nanos int) time.Time { return time.Date(2026, 1, 2, hour, 4, 5, nanos, time.UTC) }
	for line, want := range map[string]ingest.Origin{
		`{"taskName":"a","observedAt":"2026-01-02T03:04:05Z"}`:              {Task: "a", Observed: at(3, 0)},
		`{"task_name":"a","observed_at":"2026-01-02t03:04:05.5+02:00"}`:     {Task: "a", Observed: at(1, 5e8)},
		`{"observedAt":null,"observed_at":" 2026-01-02 03:04:05 "}`:         {Observed: at(3, 0)},
		`{"observedAt":"2026-01-02","kwargs":{"taskName":"b"}}`:             {Task: "b", Observed: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)},
		`{"taskName":["a","b"]}`:                                            {},
		`{"taskName":"a\u0007"}`:                                            {},
		`{"observedAt":"x","kwargs":{"observedAt":"2026-01-02T03:04:05Z"}}`: {Observed: at(3, 0)},
		`{"observedAt":"1969-12-31T23:59:59Z"}`:                             {},
		`{"observedAt":"9999-12-31T23:59:59-01:00"}`:                        {},
		`{"observedAt":"noon"}`:                                             {},
		`rubbish`:                                                           {},
	} {
		if line[0] == '{' {
			line = `{"title":"t",` + line[1:]
		}
		if diff := cmp.Diff(want, ingest.OriginOf(line)); diff != "" {
			t.Error(line, diff)
		}
	}
}

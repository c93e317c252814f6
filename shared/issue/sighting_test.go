package issue_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/strongroom-dev/strongroom/shared/issue"
)

func TestParseSightingAcceptsWhatRunnersWrite(t *testing.T) {
	t.Parallel()
	observed := time.Date(2026, 11, 22, 3, 4, 5, 0, time.UTC)
	for name, c := range map[string]struct {
		line string
		want issue.Sighting
	}{
		"a whole line": {
			`{"severity":2,"title":"Pod is down","expected":"up","actual":"down","reproduceHint":"kubectl get po","nextSteps":"look\nfix","details":"d","taskName":"n","taskDoc":"o","taskStatus":"FAIL","taskMessage":"m","observedAt":"2026-11-22T03:04:05Z","metadata":{"summary":"s","x":1},"resource":"r","slx":"x","fingerprint":"f","more":[1]}`,
			issue.Sighting{Severity: 2, Title: "Pod is down", Expected: "up", Actual: "down", ReproduceHint: "kubectl get po", NextSteps: "look\nfix", Details: "d",
				TaskName: "n", TaskDoc: "o", TaskStatus: "FAIL", TaskMessage: "m", ObservedAt: observed, Summary: "s", Resource: "r", SLX: "x", Fingerprint: "f"},
		},
		"next_step instead of nextSteps":          {`{"severity":1,"next_step":"look"}`, issue.Sighting{Severity: 1, NextSteps: "look"}},
		"next_steps as an array":                  {`{"severity":1,"next_steps":["look","","fix"]}`, issue.Sighting{Severity: 1, NextSteps: "look\nfix"}},
		"the canonical key wins over its twin":    {`{"severity":1,"next_steps":"b","nextSteps":"a"}`, issue.Sighting{Severity: 1, NextSteps: "a"}},
		"a null falls back to the twin":           {`{"severity":1,"next_steps":"b","nextSteps":null}`, issue.Sighting{Severity: 1, NextSteps: "b"}},
		"nulls are absent":                        {`{"severity":3,"title":null,"observedAt":null,"metadata":null}`, issue.Sighting{Severity: 3}},
		"keys that differ in case":                {`{"Severity":3,"TITLE":"a","NextSteps":"look","Observed-At":"2026-11-22T03:04:05Z"}`, issue.Sighting{Severity: 3, Title: "a", NextSteps: "look", ObservedAt: observed}},
		"the usual key wins over another case":    {`{"severity":3,"Title":"no","title":"a","SEVERITY":1}`, issue.Sighting{Severity: 3, Title: "a"}},
		"a null falls back to another case":       {`{"severity":null,"title":"a","Severity":1}`, issue.Sighting{Severity: 1, Title: "a"}},
		"kwargs in another case override":         {`{"severity":3,"title":"a","Kwargs":{"Title":"b"},"Metadata":{"Summary":"s"}}`, issue.Sighting{Severity: 3, Title: "b", Summary: "s"}},
		"bare words of Python instead of numbers": {`{"severity":1,"title":"NaN of \"NaN\"","actual":NaN,"details":{"a":-Infinity},"x":[Infinity]}`, issue.Sighting{Severity: 1, Title: `NaN of "NaN"`, Actual: "NaN", Details: `{"a":"-Infinity"}`}},
		"names in other forms of Unicode":         {`{"severity":1,"title":"cafe\u0301","taskName":"a\u200b","resource":"\ufeffr","slx":"cafe\u0301","fingerprint":"cafe\u0301","details":"cafe\u0301"}`, issue.Sighting{Severity: 1, Title: "café", TaskName: "a", Resource: "r", SLX: "café", Fingerprint: "café", Details: "cafe\u0301"}},
		"the last of two keys counts":             {`{"severity":3,"title":"a","title":"b"}`, issue.Sighting{Severity: 3, Title: "b"}},
		"kwargs override":                         {`{"severity":3,"title":"a","kwargs":{"title":"b","severity":"1","details":null}}`, issue.Sighting{Severity: 1, Title: "b"}},
		"kwargs that are a text override nothing": {`{"severity":3,"title":"a","kwargs":"title=b"}`, issue.Sighting{Severity: 3, Title: "a"}},
		"a description":                           {`{"severity":3,"description":"d"}`, issue.Sighting{Severity: 3, Details: "d"}},
		"an object where text is expected":        {`{"severity":3,"details":{ "a": [1, 2] }}`, issue.Sighting{Severity: 3, Details: `{"a":[1,2]}`}},
		"a number where text is expected":         {`{"severity":3,"actual":5.0,"expected":true}`, issue.Sighting{Severity: 3, Actual: "5.0", Expected: "true"}},
		"a severity as a text":                    {`{"severity":" 2 "}`, issue.Sighting{Severity: 2}},
		"a severity with a zero fraction":         {`{"severity":2.0}`, issue.Sighting{Severity: 2}},
		"a severity as a word":                    {`{"severity":"HIGH"}`, issue.Sighting{Severity: 2}},
		"a severity that is not understood":       {`{"severity":"purple","title":"a"}`, issue.Sighting{Severity: 2, SeverityFlagged: true, Title: "a"}},
		"a severity of true":                      {`{"severity":true,"title":"a"}`, issue.Sighting{Severity: 2, SeverityFlagged: true, Title: "a"}},
		"a severity out of range":                 {`{"severity":0,"details":"d"}`, issue.Sighting{Severity: 2, SeverityFlagged: true, Details: "d"}},
		"a missing severity":                      {`{"fingerprint":"f"}`, issue.Sighting{Severity: 2, SeverityFlagged: true, Fingerprint: "f"}},
		"a severity of NaN":                       {`{"severity":NaN,"title":"a"}`, issue.Sighting{Severity: 2, SeverityFlagged: true, Title: "a"}},
		"a byte order mark and a carriage return": {"\ufeff{\"severity\":1}\r", issue.Sighting{Severity: 1}},
		"a broken surrogate":                      {`{"severity":1,"title":"\ud800"}`, issue.Sighting{Severity: 1, Title: "\ufffd"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := issue.ParseSighting([]byte(c.line))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(issue.Sighting{}, "Line")); diff != "" {
				t.Error(diff)
			}
			if string(got.Line) != c.line {
				t.Errorf("the line became %q", got.Line)
			}
		})
	}
}

func TestParseSightingAcceptsTimes(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 11, 22, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Time{
		`"2026-11-22T03:04:05Z"`:           want,
		`"2026-11-22t03:04:05z"`:           want,
		`"2026-11-22 03:04:05"`:            want,
		`"2026-11-22 03:04:05 UTC"`:        want,
		`"2026-11-22T04:04:05+01:00"`:      want,
		`"2026-11-22 04:04:05 +0100"`:      want,
		`"2026-11-22T04:04:05+01"`:         want,
		`"20261122T030405Z"`:               want,
		`"2026-11-22T03:04:05.123456789Z"`: want.Add(123456 * time.Microsecond),
		`"2026-11-22T03:04:05,5"`:          want.Add(500 * time.Millisecond),
		`"2026-11-22T03:04"`:               want.Add(-5 * time.Second),
		`"2026-11-22"`:                     time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
		`1795316645`:                       want,
		`"1795316645.5"`:                   want.Add(500 * time.Millisecond),
		`1795316645000`:                    want,
		`1795316645000000`:                 want,
		`1795316645000000000`:              want,
		`1e300`:                            {},
		`"0001-01-01T00:00:00+23:00"`:      {},
		`"9999-12-31T23:59:59-12:00"`:      {},
		`"yesterday"`:                      {},
		`""`:                               {},
		`{}`:                               {},
	} {
		s, err := issue.ParseSighting([]byte(`{"severity":1,"observedAt":` + text + `}`))
		if err != nil || !s.ObservedAt.Equal(want) {
			t.Errorf("%s is %v (%v), want %v", text, s.ObservedAt, err, want)
		}
	}
}

func TestParseSightingRejectsInvalidLines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		line string
		want error
		text string
	}{
		"an array":                 {`[1]`, issue.ErrForm, "object"},
		"null":                     {`null`, issue.ErrForm, "object"},
		"nothing":                  {``, issue.ErrForm, "object"},
		"two objects":              {`{"title":"a"} {}`, issue.ErrForm, "object"},
		"a bare word":              {`{"title":"a","n":NaNo}`, issue.ErrForm, "object"},
		"invalid UTF-8":            {"{\"title\":\"\xff\"}", issue.ErrForm, "UTF-8"},
		"deep nesting":             {`{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, issue.ErrForm, "64 levels"},
		"the empty object":         {`{}`, issue.ErrEmpty, "severity"},
		"empty texts":              {`{"title":"","details":" ","nextSteps":[],"expected":null}`, issue.ErrEmpty, "severity"},
		"only unknown keys":        {`{"color":"red"}`, issue.ErrEmpty, "severity"},
		"only where and when":      {`{"taskName":"n","slx":"x","resource":"r","observedAt":1795316645}`, issue.ErrEmpty, "severity"},
		"a severity of text alone": {`{"severity":"purple"}`, issue.ErrEmpty, "severity"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := issue.ParseSighting([]byte(c.line))
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, want %v with %q", err, c.want, c.text)
			}
		})
	}
}

func TestParseSightingAcceptsLinesAtTheLimits(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"a text of 64 KiB":          `{"title":"` + strings.Repeat("x", issue.MaxFieldBytes) + `"}`,
		"a text of escapes":         `{"title":"` + strings.Repeat(`\u0041`, issue.MaxFieldBytes) + `"}`,
		"an unknown key of escapes": `{"severity":1,"color":"` + strings.Repeat(`\u0041`, issue.MaxFieldBytes) + `"}`,
		"64 levels":                 `{"severity":1,"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`,
		"brackets in a text":        `{"severity":1,"a":"\"` + strings.Repeat("[", 100) + `"}`,
	} {
		if _, err := issue.ParseSighting([]byte(line)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                           nil,
		"look":                       {"look"},
		"- look\n* fix\r\n\n • wait": {"look", "fix", "wait"},
		` ["look", "fix"] `:          {"look", "fix"},
		"[look":                      {"[look"},
	} {
		if diff := cmp.Diff(want, issue.Sighting{NextSteps: text}.Steps()); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func FuzzParseSighting(f *testing.F) {
	for _, seed := range []string{
		`{"severity":2,"title":"Pod is down","nextSteps":["a","b"],"observedAt":"2026-11-22 03:04:05"}`,
		`{"severity":"high","kwargs":{"title":{"a":1}},"metadata":{"summary":"s"},"observedAt":1795316645.5}`,
		`{"title":null,"title":"\ud800","next_step":[1]}`, `[[[`, "\ufeff{}", `{"Title":NaN,"SEVERITY":"P1"}`, `{"kwargs":{"kwargs":{"metadata":{}}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		before := bytes.Clone(line)
		s, err := issue.ParseSighting(line)
		if !bytes.Equal(line, before) {
			t.Fatal("the line was changed")
		}
		if err != nil {
			return
		}
		if len(s.Line) > issue.MaxLineBytes || len(before) <= issue.MaxLineBytes && !bytes.Equal(s.Line, before) {
			t.Error("Line is not the line")
		}
		if s.Severity < 1 || s.Severity > 4 || s.SeverityFlagged && s.Severity != issue.UnknownSeverity {
			t.Errorf("severity is %d, flagged %v", s.Severity, s.SeverityFlagged)
		}
		if !s.ObservedAt.Equal(s.ObservedAt.Truncate(time.Microsecond)) || s.ObservedAt.Year() > 9999 || s.ObservedAt.Year() < 1 {
			t.Errorf("observed at %v", s.ObservedAt)
		}
		s.Steps()
	})
}

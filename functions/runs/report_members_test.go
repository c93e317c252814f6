package runs_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// reported is the response to a report.
type reported struct {
	Outcome                  string
	Issues, Samples, LeftOut int
	Outputs                  []struct{ Name string }
	Errors                   []struct{ Message, Location string }
}

// Members are left out however many are invalid. A new runner can send more fields
// with each than this version of the platform knows.
func TestInvalidMembersAreLeftOutUpToTheLimits(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	for name, c := range map[string]struct {
		list   string
		n      int
		member any
	}{
		"samples with an unknown field":  {"samples", 1000, fields{"sli": "latency", "time": began, "value": 1, "unit": "s"}},
		"samples with an unknown object": {"samples", 1000, fields{"sli": "latency", "time": began, "value": 1, "labels": fields{"a": "b", "c": "d"}}},
		"samples that are arrays":        {"samples", 1000, []any{"latency", began, 1}},
		"outputs with unknown fields":    {"outputs", 1000, fields{"name": "x", "parts": 1, "bytes": 1, "digest": "d"}},
		"lines that are objects":         {"issues", 200, fields{"line": fields{"severity": 1, "title": "t", "details": "d"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := cloudtest.NewRun(t)
			begin(t, tn, id, aStart).Want(t, http.StatusOK)
			members := make([]any, c.n)
			for i := range members {
				members[i] = c.member
			}
			var got reported
			finish(t, tn, id, with(aReport, fields{c.list: members})).Want(t, http.StatusOK).JSON(t, &got)
			if got.LeftOut != c.n || len(got.Errors) != 20 {
				t.Errorf("%d members were left out with %d errors, want %d and 20", got.LeftOut, len(got.Errors), c.n)
			}
		})
	}
}

// No member of a report blocks the others, whatever it is.
func TestAnInvalidMemberIsLeftOutOfTheReport(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	sample := func(changes fields) any {
		return with(fields{"sli": "latency", "time": began, "value": 1}, changes)
	}
	for name, c := range map[string]struct {
		list   string
		member any
		text   string
	}{
		"a sample of tomorrow":              {"samples", sample(fields{"time": time.Now().Add(24 * time.Hour)}), "ahead"},
		"a sample of the year 1":            {"samples", sample(fields{"time": time.Time{}}), "1970"},
		"a time that is no time":            {"samples", sample(fields{"time": "noon"}), "/time"},
		"a value that is a text":            {"samples", sample(fields{"value": "1"}), "/value"},
		"a value out of range":              {"samples", sample(fields{"value": 1e101}), "1e+100"},
		"a value of null":                   {"samples", sample(fields{"value": fields(nil)}), "required"},
		"a sample without a value":          {"samples", sample(fields{"value": nil}), "required"},
		"a sample without an SLI":           {"samples", sample(fields{"sli": nil}), "required"},
		"a sample with an unknown field":    {"samples", sample(fields{"unit": "s"}), "/unit"},
		"an SLI of 257 characters":          {"samples", sample(fields{"sli": strings.Repeat("s", 257)}), "256"},
		"an SLI with a control":             {"samples", sample(fields{"sli": "a\u0001"}), "control"},
		"an SLI that a path cannot carry":   {"samples", sample(fields{"sli": ".."}), "paths"},
		"an SLI that is invisible":          {"samples", sample(fields{"sli": "\u200b"}), "256"},
		"a sample that is a number":         {"samples", 7, "wrong type"},
		"a line that is no object":          {"issues", fields{"line": `["title"]`}, "must be one JSON object"},
		"the empty object as a line":        {"issues", fields{"line": "{}"}, "must have a severity"},
		"a line of two":                     {"issues", fields{"line": "{\"title\":\n\"t\"}"}, "line breaks"},
		"an empty line":                     {"issues", fields{"line": ""}, "must be one JSON object"},
		"a line that is no text":            {"issues", fields{"line": fields{"title": "t"}}, "/line"},
		"an issue without a line":           {"issues", fields{}, "required"},
		"an issue that is null":             {"issues", fields(nil), "required"},
		"an output with a path as its name": {"outputs", fields{"name": "../x", "parts": 1}, "output name"},
		"an output of less than no parts":   {"outputs", fields{"name": "x", "parts": -1}, "from 0 to 99999"},
		"an output twice":                   {"outputs", fields{"name": "stdout.log", "parts": 1}, "duplicate"},
		"an output of half a part":          {"outputs", fields{"name": "x", "parts": 0.5}, "/parts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := cloudtest.NewRun(t)
			begin(t, tn, id, aStart).Want(t, http.StatusOK)
			members := append([]any{}, anySlice(aReport[c.list])...)
			report := with(aReport, fields{c.list: append(members, c.member)})
			var got reported
			finish(t, tn, id, report).Want(t, http.StatusOK).JSON(t, &got)
			want := fmt.Sprintf("body.%s[%d]", c.list, len(members))
			if got.Issues != 2 || got.Samples != 2 || len(got.Outputs) != 1 || got.LeftOut != 1 || len(got.Errors) != 1 ||
				got.Errors[0].Location != want || !strings.Contains(got.Errors[0].Message, c.text) {
				t.Errorf("got %+v, want an error at %s with %q", got, want, c.text)
			}
			if outcome := map[bool]string{true: "error", false: "failure"}[c.list == "issues"]; got.Outcome != outcome {
				t.Errorf("the outcome is %s, want %s", got.Outcome, outcome)
			}
			var again reported
			finish(t, tn, id, report).Want(t, http.StatusOK).JSON(t, &again)
			if diff := cmp.Diff(got, again); diff != "" {
				t.Errorf("the repeated report: %s", diff)
			}
		})
	}
}

// anySlice returns the members of a list in a report.
func anySlice(list any) (members []any) {
	for _, m := range list.([]fields) {
		members = append(members, m)
	}
	return members
}

func TestTheFaultsOfAReportAreBounded(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	id := cloudtest.NewRun(t)
	begin(t, tn, id, aStart).Want(t, http.StatusOK)
	var got reported
	finish(t, tn, id, with(aReport, fields{"samples": many(1000, func(int) fields { return fields{} })})).Want(t, http.StatusOK).JSON(t, &got)
	if got.LeftOut != 1000 || len(got.Errors) != 20 || got.Samples != 0 || got.Issues != 2 {
		t.Errorf("%d members are left out, with %d errors", got.LeftOut, len(got.Errors))
	}
}

// What is left out depends on the clock. The report must nevertheless be safe to
// repeat at any time.
func TestAReportCanBeRepeatedWhenItsSampleIsNoLongerAhead(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	id := cloudtest.NewRun(t)
	begin(t, tn, id, aStart).Want(t, http.StatusOK)
	report := with(aReport, fields{"samples": []fields{{"sli": "latency", "time": c.Clock.Now().Add(7 * time.Hour), "value": 1}}})
	for range 2 {
		var got reported
		finish(t, tn, id, report).Want(t, http.StatusOK).JSON(t, &got)
		if got.LeftOut != 1 || got.Samples != 0 || got.Issues != 2 {
			t.Errorf("got %+v", got)
		}
		c.Clock.Advance(8 * time.Hour)
	}
}

// The same name in two forms of Unicode is one name, in reports and in queries.
func TestNamesAreTheSameInAllFormsOfUnicode(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	composed, decomposed, invisible := "caf\u00e9", "cafe\u0301", "\ufeffcaf\u00e9\u200b"
	var checks []string
	for _, name := range []string{composed, decomposed, invisible} {
		id := recorded(t, tn, with(aStart, fields{"task": name, "slx": name, "resource": name}),
			with(aReport, fields{"samples": []fields{{"sli": name, "time": began, "value": 1}}}))
		checks = append(checks, readRun(t, tn, id).Check)
	}
	if checks[0] != checks[1] || checks[0] != checks[2] {
		t.Errorf("the checks are %v", checks)
	}
	for _, name := range []string{"caf%C3%A9", "cafe%CC%81", "caf%C3%A9%E2%80%8B"} {
		for _, filter := range []string{"task", "slx", "resource"} {
			var list struct{ Runs []any }
			search(t, tn, filter+"="+name).Want(t, http.StatusOK).JSON(t, &list)
			if len(list.Runs) != 3 {
				t.Errorf("%s=%s finds %d runs", filter, name, len(list.Runs))
			}
		}
		var list struct{ Series []any }
		get(t, tn, "/slis/"+name+"/samples").Want(t, http.StatusOK).JSON(t, &list)
		if len(list.Series) != 3 {
			t.Errorf("%s has %d series", name, len(list.Series))
		}
	}
	begin(t, tn, cloudtest.NewRun(t), with(aStart, fields{"task": "\u200b\u2060"})).Want(t, http.StatusUnprocessableEntity)
}

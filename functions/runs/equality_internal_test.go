package runs

import (
	"reflect"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/run"
)

const someRun = "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10"

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func digestOf(t *testing.T, r *reportRequest) string {
	t.Helper()
	p, err := r.parse(noon)
	if err != nil {
		t.Fatal(err)
	}
	return p.reported.digest([]byte("key"))
}

// setField sets a field of a request's body to another value: the one in changes,
// or "other" for a string. It fails if there is neither, so that the tests below
// know every field.
func setField(t *testing.T, body any, field reflect.StructField, changes map[string]any) {
	t.Helper()
	value, ok := changes[field.Name]
	switch {
	case ok:
	case field.Type == reflect.TypeFor[string]():
		value = "other"
	default:
		t.Fatalf("list a change of the field %s in this test", field.Name)
	}
	reflect.ValueOf(body).Elem().FieldByIndex(field.Index).Set(reflect.ValueOf(value))
}

// A second start with a different value must conflict. If it were equal to the
// first, it would be acknowledged and lost.
func TestEveryFieldOfAStartRequestDistinguishesStarts(t *testing.T) {
	t.Parallel()
	parse := func(in *startRequest) run.Start {
		start, _, err := in.parse(noon)
		if err != nil {
			t.Fatal(err)
		}
		return start
	}
	first := &startRequest{Run: someRun}
	first.Body.Task, first.Body.Start = "dns-check", noon
	for _, field := range reflect.VisibleFields(reflect.TypeOf(first.Body)) {
		second := *first
		setField(t, &second.Body, field, map[string]any{
			"Start": noon.Add(time.Microsecond),
		})
		if parse(first).Equal(parse(&second)) {
			t.Errorf("starts with different values of %s are equal", field.Name)
		}
	}
}

// The same holds for the digests of reports.
func TestEveryFieldOfAReportRequestDistinguishesReports(t *testing.T) {
	t.Parallel()
	first := &reportRequest{Run: someRun}
	first.Body.End, first.Body.Outcome = noon, "failure"
	for _, field := range reflect.VisibleFields(reflect.TypeOf(first.Body)) {
		second := *first
		setField(t, &second.Body, field, map[string]any{
			"End": noon.Add(time.Microsecond), "Outcome": "success", "ExitCode": 7, "FilesLeftOut": 6,
			"Outputs": []claimMember{{Name: "stdout.log", Parts: 1}},
			"Samples": []sampleMember{{SLI: "latency", Time: noon, Value: 1}},
			"Issues":  []lineMember{{Line: `{"title":"t"}`}},
		})
		if digestOf(t, first) == digestOf(t, &second) {
			t.Errorf("reports with different values of %s have the same digest", field.Name)
		}
	}
}

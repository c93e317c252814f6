package runs_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// many returns n objects.
func many(n int, f func(int) fields) []fields {
	all := make([]fields, n)
	for i := range all {
		all[i] = f(i)
	}
	return all
}

func oneLine(line string) fields { return fields{"issues": []fields{{"line": line}}} }

func TestAReportOverALimitIsRejectedWithTheLimit(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	id := cloudtest.NewRun(t)
	text := func(n int) string { return `{"title":"` + strings.Repeat("x", n) + `"}` }
	t.Run("rejected", func(t *testing.T) {
		for name, try := range map[string]struct {
			change fields
			status int
			text   string
		}{
			"a text of 64 KiB and a byte": {oneLine(text(64<<10 + 1)), 422, "the limit is 65536"},
			"an unknown text of 64 KiB and a byte": {
				oneLine(`{"title":"t","more":"` + strings.Repeat("x", 64<<10+1) + `"}`), 422, "the limit is 65536",
			},
			"a line of 512 KiB and a byte": {oneLine(longLine(512<<10 + 1)), 422, "the limit is 524288"},
			"201 issues":                   {fields{"issues": many(201, func(int) fields { return fields{"line": "{}"} })}, 422, "200"},
			"1,001 samples": {fields{"samples": many(1001, func(int) fields {
				return fields{"sli": "a", "time": began, "value": 1}
			})}, 422, "1000"},
			"101 SLIs": {fields{"samples": many(101, func(i int) fields {
				return fields{"sli": fmt.Sprint(i), "time": began, "value": 1}
			})}, 422, "100"},
			"a body of 8 MiB and more": {fields{"issues": many(17, func(int) fields { return fields{"line": longLine(500 << 10)} })}, 413, "8388608 bytes"},
			"an SLI of 257 characters": {fields{"samples": []fields{{"sli": strings.Repeat("s", 257), "time": began, "value": 1}}}, 422, "256"},
			"a line that is no object": {oneLine(`["title"]`), 422, "must be one JSON object"},
			"a line of two":            {oneLine("{\"title\":\n\"t\"}"), 422, "line breaks"},
			"a sample of the year 1":   {fields{"samples": []fields{{"sli": "a", "time": time.Time{}, "value": 1}}}, 422, "1970"},
			"a sample of tomorrow":     {fields{"samples": []fields{{"sli": "a", "time": time.Now().Add(24 * time.Hour), "value": 1}}}, 422, "ahead"},
			"a value that is a text":   {fields{"samples": []fields{{"sli": "a", "time": began, "value": "1"}}}, 422, "number"},
			"an unknown field":         {fields{"issue": []fields{}}, 422, "unknown field"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				answer := finish(t, tn, id, with(aReport, try.change)).Want(t, try.status)
				if !strings.Contains(string(answer.Body), try.text) {
					t.Errorf("%.300s does not contain %q", answer.Body, try.text)
				}
			})
		}
	})
	get(t, tn, "/runs/"+id).Want(t, http.StatusNotFound) // nothing was stored
}

func TestAReportAtALimitIsAccepted(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	for name, change := range map[string]fields{
		"a text of 64 KiB":         oneLine(`{"title":"` + strings.Repeat("x", 64<<10) + `"}`),
		"a text of 64 KiB in UTF8": oneLine(`{"details":"` + strings.Repeat("é", 32<<10) + `"}`),
		"a line of 512 KiB":        oneLine(longLine(512 << 10)),
		"the empty object":         oneLine("{}"),
		"nothing":                  {"issues": nil, "samples": nil, "outputs": nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorded(t, tn, aStart, with(aReport, change))
		})
	}
}

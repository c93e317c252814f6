package runs_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

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
	t.Run("rejected", func(t *testing.T) {
		for name, try := range map[string]struct {
			change fields
			status int
			text   string
		}{
			"201 issues": {fields{"issues": many(201, func(int) fields { return fields{"line": `{"title":"t"}`} })}, 422, "200"},
			"1,001 samples": {fields{"samples": many(1001, func(int) fields {
				return fields{"sli": "a", "time": began, "value": 1}
			})}, 422, "1000"},
			"101 SLIs": {fields{"samples": many(101, func(i int) fields {
				return fields{"sli": fmt.Sprint(i), "time": began, "value": 1}
			})}, 422, "100"},
			"a body of 8 MiB and more": {fields{"issues": many(17, func(int) fields { return fields{"line": longLine(500 << 10)} })}, 413, "8388608 bytes"},
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
		"a text that is cut":       oneLine(`{"title":"` + strings.Repeat("x", 64<<10+1) + `"}`),
		"a line that is shortened": oneLine(longLine(600 << 10)),
		"nothing":                  {"issues": nil, "samples": nil, "outputs": nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorded(t, tn, aStart, with(aReport, change))
		})
	}
}

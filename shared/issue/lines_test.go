package issue_test

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/issue"
)

func TestReadSightings(t *testing.T) {
	t.Parallel()
	huge := `{"details":"` + strings.Repeat("x", 2_700_000) + `"}`
	for name, c := range map[string]struct {
		file  string
		lines []string
		bad   []int
	}{
		"no line":                               {"", nil, nil},
		"one line without its newline":          {`{"title":"a"}`, []string{`{"title":"a"}`}, nil},
		"carriage returns stay with their line": {"{\"title\":\"a\"}\r\n{}\r\n", []string{"{\"title\":\"a\"}\r", "{}\r"}, nil},
		"blank lines are passed over":           {"\n{}\n \r\n\n{}\n\n", []string{"{}", "{}"}, nil},
		"a line that is no object":              {"{}\n[1]\n{}\n", []string{"{}", "{}"}, []int{2}},
		"a line of 2.7 MB":                      {"{}\n" + huge + "\n{}", []string{"{}", "{}"}, []int{2}},
		"a line of 2.7 MB at the end":           {"{}\n\n" + huge, []string{"{}"}, []int{3}},
		"a line at the limit": {
			`{"a":` + strings.Repeat(" ", issue.MaxLineBytes-7) + "1}\n{}", []string{`{"a":` + strings.Repeat(" ", issue.MaxLineBytes-7) + "1}", "{}"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lines []string
			var bad []int
			for s, err := range issue.ReadSightings(iotest.HalfReader(strings.NewReader(c.file))) {
				var fault *issue.LineError
				switch {
				case errors.As(err, &fault):
					bad = append(bad, fault.Number)
				case err != nil:
					t.Fatal(err)
				default:
					lines = append(lines, string(s.Line))
				}
			}
			if diff := cmp.Diff(c.lines, lines); diff != "" {
				t.Errorf("lines: %.2000s", diff)
			}
			if diff := cmp.Diff(c.bad, bad); diff != "" {
				t.Errorf("faults: %s", diff)
			}
		})
	}
}

func TestReadSightingsNamesTheLimit(t *testing.T) {
	t.Parallel()
	for _, err := range issue.ReadSightings(strings.NewReader(strings.Repeat("x", 2_700_000))) {
		if !errors.Is(err, issue.ErrTooLarge) || !strings.Contains(err.Error(), "line 1: larger than the limit: a line may have 524288 bytes, this one has 2700000") {
			t.Errorf("got %v", err)
		}
	}
}

func TestReadSightingsEndsWithTheReadersFault(t *testing.T) {
	t.Parallel()
	broken := errors.New("cable cut")
	var faults []error
	for _, err := range issue.ReadSightings(io.MultiReader(strings.NewReader("{}\n{"), iotest.ErrReader(broken))) {
		faults = append(faults, err)
	}
	if len(faults) != 2 || faults[0] != nil || !errors.Is(faults[1], broken) {
		t.Errorf("got %v", faults)
	}
}

func TestReadSightingsStopsWhenAsked(t *testing.T) {
	t.Parallel()
	count := 0
	for range issue.ReadSightings(strings.NewReader("{}\nx\n{}\n")) {
		if count++; count == 2 {
			break
		}
	}
	if count != 2 {
		t.Errorf("read %d", count)
	}
}

func TestReadSightingsBoundsItsMemory(t *testing.T) {
	const size = 64 << 20
	file := io.LimitReader(zeros{}, size)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range issue.ReadSightings(file) {
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 8*issue.MaxLineBytes {
		t.Errorf("a line of %d bytes took %d bytes", size, got)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

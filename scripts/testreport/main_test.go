package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

const events = `{"Action":"start","Package":"m/a"}
{"Action":"run","Package":"m/a","Test":"TestFast"}
{"Action":"output","Package":"m/a","Test":"TestFast","Output":"=== RUN   TestFast\n"}
{"Action":"pass","Package":"m/a","Test":"TestFast","Elapsed":0.1}
{"Action":"pass","Package":"m/a","Test":"TestSlow/part","Elapsed":9}
{"Action":"skip","Package":"m/a","Test":"TestSlow","Elapsed":3.25}
{"Action":"output","Package":"m/a","Output":"PASS\n"}
{"Action":"output","Package":"m/a","Output":"ok  \tm/a\t3.300s\n"}
{"Action":"pass","Package":"m/a","Elapsed":3.3}
`

const failure = `{"Action":"output","Package":"m/b","Test":"TestB","Output":"    b_test.go:7: wrong\n"}
{"Action":"fail","Package":"m/b","Test":"TestB","Elapsed":0.5}
{"Action":"output","Package":"m/b","Output":"FAIL\tm/b\t0.5s\n"}
{"Action":"fail","Package":"m/b","Elapsed":0.5}
`

func TestReport(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, events, want string
		failed             bool
	}{
		{name: "packages that pass, and the slowest tests without their parts", events: events,
			want: "ok  \tm/a\t3.300s\n\nslowest 2 tests:\n     3.2 s  m/a TestSlow\n     0.1 s  m/a TestFast\n"},
		{name: "a failure with its output", events: failure, failed: true,
			want: "    b_test.go:7: wrong\nFAIL\tm/b\t0.5s\n\nslowest 1 tests:\n     0.5 s  m/b TestB\n"},
		{name: "a package that does not build", failed: true,
			events: `{"ImportPath":"m/c","Action":"build-output","Output":"c.go:1: undefined: x\n"}` + "\n" + `{"ImportPath":"m/c","Action":"build-fail"}`,
			want:   "c.go:1: undefined: x\n"},
		{name: "a package that fails outside of its tests", events: `{"Action":"fail","Package":"m/d"}`, failed: true},
		{name: "a line of the go command", events: "go: no go.mod\n", want: "go: no go.mod\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			failed, err := report(&out, strings.NewReader(tt.events), 2)
			if err != nil || failed != tt.failed {
				t.Errorf("failed is %v, error %v; want %v without an error", failed, err, tt.failed)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReportReturnsAReadError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	if _, err := report(io.Discard, iotest.ErrReader(broken), 2); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

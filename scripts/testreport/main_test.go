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

const gaps = `{"Action":"output","Package":"m/g","Test":"TestA","Output":"    g_test.go:7: NOT CHECKED: the last release, because its commit is missing\n"}
{"Action":"output","Package":"m/g","Test":"TestA/part","Output":"    g_test.go:7: NOT CHECKED: the last release, because its commit is missing\n"}
{"Action":"skip","Package":"m/g","Test":"TestA/part","Elapsed":0}
{"Action":"skip","Package":"m/g","Test":"TestA","Elapsed":0}
{"Action":"output","Package":"m/g","Test":"TestB","Output":"    g_test.go:9: NOT CHECKED: the history\n"}
{"Action":"pass","Package":"m/g","Test":"TestB","Elapsed":0.5}
`

const timeout = `{"Action":"output","Package":"m/f","Test":"TestWaits","Output":"=== RUN   TestWaits\n=== PAUSE TestWaits\n"}
{"Action":"output","Package":"m/f","Test":"TestHangs","Output":"=== RUN   TestHangs\n=== CONT  TestHangs\n"}
{"Action":"output","Package":"m/f","Test":"TestHangs","Output":"panic: test timed out after 20m0s\n\trunning tests:\n\t\tTestHangs (19m0s)\n\n"}
{"Action":"output","Package":"m/f","Test":"TestHangs","Output":"goroutine 1 [running]:\ntesting.(*M).startAlarm.func1()\n\n"}
{"Action":"output","Package":"m/f","Test":"TestHangs","Output":"goroutine 2 [select]:\ngrpc.loop()\n\n"}
{"Action":"output","Package":"m/f","Test":"TestHangs","Output":"goroutine 3 [chan receive]:\ntesting.(*T).Parallel(0x1)\n\tx_test.go:9\n\n"}
{"Action":"output","Package":"m/f","Test":"TestHangs","Output":"goroutine 4 [chan receive]:\nm/f.TestHangs(0x1)\n\tx_test.go:7\n"}
{"Action":"fail","Package":"m/f"}
`

const timeoutReport = `m/f TestHangs did not end:
panic: test timed out after 20m0s
	running tests:
		TestHangs (19m0s)

goroutine 4 [chan receive]:
m/f.TestHangs(0x1)
	x_test.go:7
m/f: 1 other tests had not begun or waited for their parts

tests that failed:
   m/f TestHangs (did not end)
`

func TestReport(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, events, want string
		failed             bool
	}{
		{name: "what is not checked, once each", events: gaps,
			want: "\nslowest 2 tests:\n     0.5 s  m/g TestB\n     0.0 s  m/g TestA\n\nNOT CHECKED: 2\n   the last release, because its commit is missing\n   the history\n"},
		{name: "packages that pass, and the slowest tests without their parts", events: events,
			want: "ok  \tm/a\t3.300s\n\nslowest 2 tests:\n     3.2 s  m/a TestSlow\n     0.1 s  m/a TestFast\n"},
		{name: "a failure with its output", events: failure, failed: true,
			want: "    b_test.go:7: wrong\nFAIL\tm/b\t0.5s\n\nslowest 1 tests:\n     0.5 s  m/b TestB\n\ntests that failed:\n   m/b TestB\n"},
		{name: "a package that times out, with the output of the test that did not end", failed: true,
			events: `{"Action":"output","Package":"m/e","Test":"TestE","Output":"goroutine 7:\na_test.go:3\n"}` + "\n" + `{"Action":"fail","Package":"m/e"}`,
			want:   "m/e TestE did not end:\ngoroutine 7:\na_test.go:3\n\ntests that failed:\n   m/e TestE (did not end)\n"},
		{name: "a package that times out, without the tests that wait and the goroutines of no test", failed: true, events: timeout, want: timeoutReport},
		{name: "a package that crashes outside of a test, with the goroutine that crashed", failed: true,
			events: `{"Action":"output","Package":"m/g","Test":"TestG","Output":"panic: nil map\n\ngoroutine 9 [running]:\nm/g.write()\n"}` + "\n" + `{"Action":"fail","Package":"m/g"}`,
			want:   "m/g TestG did not end:\npanic: nil map\n\ngoroutine 9 [running]:\nm/g.write()\n\ntests that failed:\n   m/g TestG (did not end)\n"},
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

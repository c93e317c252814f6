// Command testreport reads the output of go test -json. It prints one line for
// each package, the output of what failed, the slowest tests, and at the end the names of
// the tests that failed. Of a package that timed out, it prints the tests that ran, and
// only the goroutines that run a test. Of a test that passes or is skipped, it prints what the
// test says is NOT CHECKED:
//
//	go test -json ./... | go run ./scripts/testreport
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	slowest := flag.Int("slowest", 10, "number of slow tests to list")
	flag.Parse()
	failed, err := report(os.Stdout, os.Stdin, *slowest)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
	}
	if failed || err != nil {
		os.Exit(1)
	}
}

// event is one line of go test -json: pkg.go.dev/cmd/test2json.
type event struct {
	Action, Package, ImportPath, Test, Output string

	Elapsed float64 // seconds
}

// timed is a top-level test that ended.
type timed struct {
	name    string // package and test
	seconds float64
}

// run is what was read so far.
type run struct {
	out    io.Writer
	output map[string]*strings.Builder // by package and test; freed when the test passes
	tests  []timed
	ended  []string // the tests that failed, and those that did not end
	gaps   []string // what tests say is NOT CHECKED, each once
	failed bool
}

// report prints the results while it reads them. It returns whether anything
// failed. A line that is not JSON is printed unchanged: the go command writes
// such lines when it cannot start.
func report(out io.Writer, events io.Reader, slowest int) (failed bool, err error) {
	r := &run{out: out, output: map[string]*strings.Builder{}}
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			r.line(line)
		}
		if err == io.EOF {
			r.slowest(slowest)
			r.unchecked()
			r.failures()
			return r.failed, nil
		}
		if err != nil {
			return r.failed, fmt.Errorf("read test events: %w", err)
		}
	}
}

func (r *run) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil {
		fmt.Fprint(r.out, line)
		return
	}
	switch {
	case e.Action == "build-output":
		fmt.Fprint(r.out, e.Output)
	case e.Action == "build-fail":
		r.failed = true
	case e.Test == "":
		r.ofPackage(e)
	default:
		r.ofTest(e)
	}
}

// ofPackage prints the lines that go test prints without -json.
func (r *run) ofPackage(e event) {
	if e.Action == "fail" {
		r.failed = true
		r.unended(e.Package)
	}
	if e.Action == "output" && e.Output != "PASS\n" {
		fmt.Fprint(r.out, e.Output)
	}
}

// unended prints the output of a package's tests that have not ended: the package timed
// out or crashed, and its goroutines are in the output of one of them. A test that has not
// begun, or only waits for its parts, prints nothing.
func (r *run) unended(pkg string) {
	waiting := 0
	for _, name := range slices.Sorted(maps.Keys(r.output)) {
		if !strings.HasPrefix(name, pkg+" ") {
			continue
		}
		if text := essence(r.output[name].String()); text != "" {
			fmt.Fprintf(r.out, "%s did not end:\n%s", name, text)
			r.ended = append(r.ended, name+" (did not end)")
		} else {
			waiting++
		}
		delete(r.output, name)
	}
	if waiting > 0 {
		fmt.Fprintf(r.out, "%s: %d other tests had not begun or waited for their parts\n", pkg, waiting)
	}
}

// essence returns the lines of a test's output that tell why it did not end: not that it
// began or paused, and of the goroutines only those that can be the reason.
func essence(text string) string {
	var kept strings.Builder
	for i, block := range strings.Split(text, "\n\n") {
		if strings.HasPrefix(block, "goroutine ") && !mayBeReason(block) {
			continue
		}
		if i > 0 && kept.Len() > 0 {
			kept.WriteByte('\n')
		}
		for line := range strings.Lines(block) {
			if !strings.HasPrefix(line, "=== ") {
				kept.WriteString(strings.TrimSuffix(line, "\n") + "\n")
			}
		}
	}
	return kept.String()
}

// mayBeReason reports whether a goroutine can be the reason that a package ended: the one that
// crashed, or one that is in a function of a test.
func mayBeReason(goroutine string) bool {
	crashed, _, _ := strings.Cut(goroutine, "\n")
	if strings.Contains(crashed, "[running") {
		return !strings.Contains(goroutine, "startAlarm")
	}
	return strings.Contains(goroutine, "_test.go:") && !strings.Contains(goroutine, "testing.(*T).Parallel(")
}

// failures lists the tests that failed. The end of a long log is what people read first.
func (r *run) failures() {
	if len(r.ended) == 0 {
		return
	}
	fmt.Fprintf(r.out, "\ntests that failed:\n")
	for _, name := range r.ended {
		fmt.Fprintf(r.out, "   %s\n", name)
	}
}

func (r *run) ofTest(e event) {
	name := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		if r.output[name] == nil {
			r.output[name] = &strings.Builder{}
		}
		r.output[name].WriteString(e.Output)
		return
	case "fail":
		r.failed = true
		r.ended = append(r.ended, name)
		if text := r.output[name]; text != nil {
			fmt.Fprint(r.out, text)
		}
	case "pass", "skip":
		r.findGaps(name)
	default:
		return
	}
	delete(r.output, name)
	if !strings.Contains(e.Test, "/") {
		r.tests = append(r.tests, timed{name: name, seconds: e.Elapsed})
	}
}

// findGaps looks for what a test that ended says is not checked: "file_test.go:1: NOT CHECKED: why".
func (r *run) findGaps(name string) {
	text := r.output[name]
	if text == nil {
		return
	}
	for line := range strings.Lines(text.String()) {
		if _, gap, found := strings.Cut(strings.TrimSpace(line), ": NOT CHECKED: "); found && !slices.Contains(r.gaps, gap) {
			r.gaps = append(r.gaps, gap)
		}
	}
}

// unchecked lists what is not checked on this machine or in this clone.
func (r *run) unchecked() {
	if len(r.gaps) == 0 {
		return
	}
	fmt.Fprintf(r.out, "\nNOT CHECKED: %d\n", len(r.gaps))
	for _, gap := range r.gaps {
		fmt.Fprintf(r.out, "   %s\n", gap)
	}
}

// slowest lists tests, the slowest first. A test that waits for others of its
// package while it is paused counts that time too.
func (r *run) slowest(n int) {
	slices.SortStableFunc(r.tests, func(a, b timed) int { return cmp.Compare(b.seconds, a.seconds) })
	if n = min(n, len(r.tests)); n == 0 {
		return
	}
	fmt.Fprintf(r.out, "\nslowest %d tests:\n", n)
	for _, t := range r.tests[:n] {
		fmt.Fprintf(r.out, "%8.1f s  %s\n", t.seconds, t.name)
	}
}

// Command testreport reads the output of go test -json. It prints one line for
// each package, the output of what failed, and the slowest tests:
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
	}
	if e.Action == "output" && e.Output != "PASS\n" {
		fmt.Fprint(r.out, e.Output)
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
		if text := r.output[name]; text != nil {
			fmt.Fprint(r.out, text)
		}
	case "pass", "skip":
	default:
		return
	}
	delete(r.output, name)
	if !strings.Contains(e.Test, "/") {
		r.tests = append(r.tests, timed{name: name, seconds: e.Elapsed})
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

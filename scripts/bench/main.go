// Command bench runs the benchmarks that have an aim, and prints what they
// measure beside it. It judges nothing: machines differ, and this one may be
// busy.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"text/tabwriter"
)

// aimed is a benchmark, the metric of it that counts, and where it should be.
type aimed struct {
	about     string
	pkg, name string
	metric    string // unit that the benchmark reports
	aim       float64
	once      bool // one iteration says enough
}

var all = []aimed{
	{"CPU of minting a URL, against a bare RSA signature", "./functions/uploads", "BenchmarkMint", "x-bare", 1.1, false},
	{"CPU of recording a run with 5 issues, against bare clients that write the same", "./functions/runs", "BenchmarkRecord/lines=5", "x-bare", 1.3, false},
	{"CPU of an update without Firestore and KMS, against an empty event", "./functions/assistant", "BenchmarkEvent", "x-empty", 1.2, false},
	{"streaming a view, against copying from the bucket", "./functions/outputs", "BenchmarkView", "x-origin", 1.7, false},
	{"memory that a PUT of 2 GiB takes, in MiB", "./emulator/gcs", "BenchmarkPutTwoGiB", "MiB-above-idle", 32, true},
	{"start of the embedded cloud, in ms", "./emulator/suite", "BenchmarkStart", "ms-start", 100, false},
}

func main() {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "Runs the benchmarks that have an aim and prints what they measure.\n\nUsage: go run ./scripts/bench")
	}
	flag.Parse()
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\tmeasured\taim\tbenchmark")
	failed := false
	for _, a := range all {
		fmt.Fprintln(os.Stderr, a.name, "…")
		value, err := a.run()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			failed = true
			continue
		}
		fmt.Fprintf(table, "%s\t%.2f\tat most %g\tgo test -run '^$' -bench '^%s$' %s\n", a.about, value, a.aim, a.name, a.pkg)
	}
	_ = table.Flush() // standard output
	if failed {
		os.Exit(1)
	}
}

// run gives the metric, as the benchmark reports it.
func (a aimed) run() (float64, error) {
	args := []string{"test", "-run", "^$", "-bench", "^" + a.name + "$"}
	if a.once {
		args = append(args, "-benchtime", "1x")
	}
	output, err := exec.Command("go", append(args, a.pkg)...).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", a.name, err, bytes.TrimSpace(output))
	}
	return parse(output, a.metric)
}

// parse finds a metric in what `go test -bench` prints: a number, then its unit.
func parse(output []byte, metric string) (float64, error) {
	found := regexp.MustCompile(`([0-9.e+-]+) ` + regexp.QuoteMeta(metric) + `(\s|$)`).FindSubmatch(output)
	if found == nil {
		return 0, fmt.Errorf("no %s in:\n%s", metric, output)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}

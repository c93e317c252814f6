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
	{about: "CPU of minting a URL, against a bare RSA signature", pkg: "./functions/uploads", name: "BenchmarkMint", metric: "x-bare", aim: 1.1, once: false},
	{about: "CPU of recording a run with 5 issues, against bare clients that write the same", pkg: "./functions/runs", name: "BenchmarkRecord/lines=5", metric: "x-bare", aim: 1.3, once: false},
	{about: "CPU of an update without Firestore and KMS, against an empty event", pkg: "./functions/assistantupdate", name: "BenchmarkEvent", metric: "x-empty", aim: 1.2, once: false},
	{about: "streaming a view, against copying from the bucket", pkg: "./functions/outputs", name: "BenchmarkRead", metric: "x-origin", aim: 1.7, once: false},
	{about: "memory that a PUT of 2 GiB takes, in MiB", pkg: "./emulator/gcs", name: "BenchmarkPutTwoGiB", metric: "MiB-above-idle", aim: 32, once: true},
	{about: "start of the embedded cloud, in ms", pkg: "./emulator/suite", name: "BenchmarkStart", metric: "ms-start", aim: 100, once: false},
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

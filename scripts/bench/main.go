// Command bench runs the benchmarks that have a target, and prints the measured
// value next to the target. It does not fail on a missed target: machines
// differ, and this one may be busy.
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

// benchmark is a benchmark with a target for one of its metrics.
type benchmark struct {
	about     string
	pkg, name string
	metric    string // unit that the benchmark reports
	target    float64
	once      bool // one iteration is enough
}

var all = []benchmark{
	{about: "CPU of minting a URL, against a bare RSA signature", pkg: "./functions/uploads", name: "BenchmarkMint", metric: "x-bare", target: 1.1, once: false},
	{about: "CPU of recording a run with 5 issues, against bare clients that write the same", pkg: "./functions/runs", name: "BenchmarkRecord/lines=5", metric: "x-bare", target: 1.3, once: false},
	{about: "CPU of an update without Firestore and KMS, against an empty event", pkg: "./functions/assistantupdate", name: "BenchmarkEvent", metric: "x-empty", target: 1.2, once: false},
	{about: "copying an export over a link of 1 Gbit/s, against bare GETs", pkg: "./scripts/strongroom/exportcopy", name: "BenchmarkPull/link=1Gbit", metric: "x-bare", target: 1.1, once: true},
	{about: "storing 1 GiB with strongroom run, against bare PUTs of its parts", pkg: "./scripts/strongroom/command", name: "BenchmarkRunCat", metric: "x-bare", target: 1.5, once: true},
	{about: "printing 1 GiB with strongroom outputs cat, against bare GETs of its parts", pkg: "./scripts/strongroom/command", name: "BenchmarkOutputsCat/latency=0s", metric: "x-bare", target: 1.3, once: true},
	{about: "the same with 15 ms for each call", pkg: "./scripts/strongroom/command", name: "BenchmarkOutputsCat/latency=15ms", metric: "x-bare", target: 1.3, once: true},
	{about: "strongroom --help, in ms", pkg: "./scripts/strongroom/command", name: "BenchmarkHelp", metric: "ms-help", target: 10, once: false},
	{about: "streaming a view, against copying from the bucket", pkg: "./functions/outputs", name: "BenchmarkRead", metric: "x-origin", target: 1.7, once: false},
	{about: "CPU of an audit entry in its log's tree and bucket, in µs, of 1,000,000 entries", pkg: "./functions/auditintegrator", name: "BenchmarkIntegrateMillion", metric: "cpu-µs/entry", target: 12, once: true},
	{about: "memory that 1,000,000 audit entries take beyond the first 100,000, in MiB", pkg: "./functions/auditintegrator", name: "BenchmarkIntegrateMillion", metric: "MiB-growth", target: 8, once: true},
	{about: "memory that a PUT of 2 GiB takes, in MiB", pkg: "./emulator/gcs", name: "BenchmarkPutTwoGiB", metric: "MiB-above-idle", target: 32, once: true},
	{about: "CPU of verifying a copy of an audit log, against SHA-256 of the same bytes", pkg: "./shared/auditverify", name: "BenchmarkVerify", metric: "x-sha256", target: 2, once: false},
	{about: "CPU of a row of an export, against decoding the same document", pkg: "./functions/exportworker", name: "BenchmarkExport/rows=100000", metric: "x-decode", target: 1.5, once: true},
	{about: "memory of export-worker above idle, of 1,000,000 rows, in MiB", pkg: "./functions/exportworker", name: "BenchmarkExport/rows=1000000", metric: "MiB-above-idle", target: 64, once: true},
	{about: "CPU of a send to a model, against Google's client alone", pkg: "./shared/model", name: "BenchmarkSendOverABareClient", metric: "x-bare", target: 1.2, once: false},
	{about: "time until an issue is visible after 20,000 of another check, in s", pkg: "./emulator/suite", name: "BenchmarkIssueBehindAFlood", metric: "s-other-check", target: 3, once: true},
	{about: "the same for another tenant's issue, in s", pkg: "./emulator/suite", name: "BenchmarkIssueBehindAFlood", metric: "s-other-tenant", target: 1, once: true},
	{about: "documents read for 5 GiB of an output in ranges of 8 MiB, after its first view", pkg: "./functions/outputs", name: "BenchmarkReadThrough/range=8MiB", metric: "documents", target: 1000, once: true},
	{about: "the same in ranges of 1 MiB, of which each reads the membership of the viewer: 5,120 documents", pkg: "./functions/outputs", name: "BenchmarkReadThrough/range=1MiB", metric: "documents", target: 6120, once: true},
	{about: "audit entries for 5 GiB of an output", pkg: "./functions/outputs", name: "BenchmarkReadThrough/range=8MiB", metric: "entries", target: 2, once: true},
	{about: "bytes of the console's first view, in KiB", pkg: "./functions/console", name: "BenchmarkFirstView", metric: "KiB-first-view", target: 60, once: true},
	{about: "largest paint of the console's first view, in ms", pkg: "./functions/console", name: "BenchmarkFirstView", metric: "ms-largest-paint", target: 1000, once: true},
	{about: "layout shift of the console's first view", pkg: "./functions/console", name: "BenchmarkFirstView", metric: "layout-shift", target: 0, once: true},
	{about: "time of a frame while 1,000,000 lines scroll by, 95th percentile, in ms", pkg: "./functions/console", name: "BenchmarkScroll", metric: "ms-frame-p95", target: 17, once: true},
	{about: "memory of the tab beyond the first quarter of 1 GiB of output, in MiB", pkg: "./functions/console", name: "BenchmarkTabMemory", metric: "MiB-growth", target: 64, once: true},
	{about: "CPU of a clone of 20 MB, against git http-backend", pkg: "./functions/configs", name: "BenchmarkGit", metric: "x-clone", target: 2, once: true},
	{about: "CPU of reading a pushed pack of 20 MB, against a push to git http-backend", pkg: "./functions/configs", name: "BenchmarkGit", metric: "x-unpack", target: 2, once: true},
	{about: "sweep of 5,000 ended runs, each with a missing part, with 15 ms a call, in s", pkg: "./functions/sweep", name: "BenchmarkSweep", metric: "s/5000-runs", target: 60, once: true},
	{about: "start of the embedded cloud, in ms", pkg: "./emulator/suite", name: "BenchmarkStart", metric: "ms-start", target: 100, once: false},
}

func main() {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "Run the benchmarks that have a target and print the measured values, and then how many calls\neach operation waits for, and how long if each call takes 15 ms.\n\nUsage: go run ./scripts/bench [-round-trips | -growth]\n\nFlags:")
		flag.PrintDefaults()
	}
	only := flag.Bool("round-trips", false, "print only the table of calls in series")
	grown := flag.Bool("growth", false, "print only what operations cost in a workspace with 1,000 to 1,000,000 documents, which takes about ten minutes and 2 GiB of memory")
	flag.Parse()
	if *only || *grown {
		all = nil
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	if len(all) > 0 {
		fmt.Fprintln(table, "what\tmeasured\ttarget\tbenchmark")
	}
	failed := false
	for _, a := range all {
		fmt.Fprintln(os.Stderr, a.name, "…")
		value, err := a.run()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			failed = true
			continue
		}
		fmt.Fprintf(table, "%s\t%.2f\tat most %g\tgo test -run '^$' -bench '^%s$' %s\n", a.about, value, a.target, a.name, a.pkg)
	}
	_ = table.Flush() // standard output
	last := printRoundTrips
	if *grown {
		last = printGrowth
	}
	if err := last(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		failed = true
	}
	if failed {
		os.Exit(1)
	}
}

// run returns the metric in the unit that the benchmark reports.
func (a benchmark) run() (float64, error) {
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

// parse finds a metric in the output of `go test -bench`: a number, then its unit.
func parse(output []byte, metric string) (float64, error) {
	found := regexp.MustCompile(`([0-9.e+-]+) ` + regexp.QuoteMeta(metric) + `(\s|$)`).FindSubmatch(output)
	if found == nil {
		return 0, fmt.Errorf("no %s in:\n%s", metric, output)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}

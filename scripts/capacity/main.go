// Command capacity measures the operations of one run on the embedded cloud,
// calculates the cost and the limits of a day of many runs, and prints the page
// infra/CAPACITY.md for them: go run ./scripts/capacity -parts 10 -runs 1000000
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
)

func main() {
	parts := flag.Int("parts", int(pageLoad.Parts), "parts that one run uploads, in one output")
	runs := flag.Float64("runs", pageLoad.Runs, "runs a day")
	size := flag.Float64("size", pageLoad.PartBytes, "bytes of an average part; changes the price, not the measurement")
	tenants := flag.Float64("tenants", pageLoad.Tenants, "tenants, each with a checkpoint every minute")
	peak := flag.Float64("peak", pageLoad.Peak, "busiest minute, as a multiple of the average")
	flag.Parse()
	if err := run(context.Background(), *parts, load{Runs: *runs, PartBytes: *size, Peak: *peak, Tenants: *tenants}); err != nil {
		fmt.Fprintln(os.Stderr, "capacity:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, parts int, l load) error {
	m, err := measure(ctx, parts)
	if err != nil {
		return err
	}
	l.Parts = float64(parts)
	return writePage(os.Stdout, l, m)
}

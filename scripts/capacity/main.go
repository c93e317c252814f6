// Command capacity measures the operations of one run on the embedded cloud,
// and calculates the cost and the limits of a day of many runs: go run ./scripts/capacity -parts 10 -runs 1000000
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
)

func main() {
	parts := flag.Int("parts", 10, "parts that one run uploads, in one output")
	runs := flag.Float64("runs", 1e6, "runs a day")
	size := flag.Float64("size", 256<<10, "bytes of an average part; changes the price, not the measurement")
	tenants := flag.Float64("tenants", 100, "tenants, each with a checkpoint every minute")
	peak := flag.Float64("peak", 3, "busiest minute, as a multiple of the average")
	flag.Parse()
	if err := run(context.Background(), *parts, load{Runs: *runs, PartBytes: *size, Peak: *peak, Tenants: *tenants}); err != nil {
		fmt.Fprintln(os.Stderr, "capacity:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, parts int, l load) error {
	ops, audit, err := measure(ctx, parts)
	if err != nil {
		return err
	}
	l.Parts = float64(parts)
	return report(os.Stdout, l, ops, audit)
}

package main

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"text/tabwriter"
)

const roundTrips = "BenchmarkRoundTrips"

// printRoundTrips runs the benchmark of round trips and prints its table.
func printRoundTrips(w io.Writer) error {
	output, err := exec.Command("go", "test", "-run", "^$", "-bench", "^"+roundTrips+"$", "-benchtime", "1x", "./emulator/suite").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", roundTrips, err, bytes.TrimSpace(output))
	}
	return printTable(w, output)
}

// printTable prints the output of the benchmark of round trips as a table.
func printTable(w io.Writer, output []byte) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\noperation\tcalls in series\tat most\tdocuments read\twritten\tms with 15 ms a call")
	rows := 0
	for line := range strings.Lines(string(output)) {
		name, ok := strings.CutPrefix(line, roundTrips+"/")
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, " ")
		name, _, _ = strings.Cut(name, "\t")
		if at := strings.LastIndex(name, "-"); at > 0 {
			name = name[:at] // of the number of processors
		}
		fmt.Fprint(table, strings.ReplaceAll(name, "_", " "))
		for _, metric := range []string{"depth", "at-most", "reads", "writes", "ms"} {
			value, err := parse([]byte(line), metric)
			if err != nil {
				return err
			}
			fmt.Fprintf(table, "\t%g", value)
		}
		fmt.Fprintln(table)
		rows++
	}
	if rows == 0 {
		return fmt.Errorf("%s has no rows in:\n%s", roundTrips, output)
	}
	return table.Flush()
}

package main

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"text/tabwriter"
)

const growth = "BenchmarkGrowth"

// printGrowth runs the benchmark of growth and prints its table.
func printGrowth(w io.Writer) error {
	output, err := exec.Command("go", "test", "-timeout", "1h", "-run", "^$", "-bench", "^"+growth+"$", "-benchtime", "1x", "./emulator/suite").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", growth, err, bytes.TrimSpace(output))
	}
	return printGrowthTable(w, output)
}

// growthSizes are the documents of the benchmark of growth.
var growthSizes = []string{"1000", "10000", "100000", "1000000"}

// printGrowthTable prints the output of the benchmark of growth as a table with a row for each
// operation.
func printGrowthTable(w io.Writer, output []byte) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\noperation\tcalls, reads, writes and ms with "+strings.Join(growthSizes, "\t")+" documents")
	cells, names := map[string]map[string]string{}, []string{}
	for line := range strings.Lines(string(output)) {
		name, size, ok := growthRow(line)
		if !ok {
			continue
		}
		if cells[name] == nil {
			cells[name], names = map[string]string{}, append(names, name)
		}
		var values []string
		for _, metric := range []string{"calls", "reads", "writes", "ms"} {
			value, err := parse([]byte(line), metric)
			if err != nil {
				return err
			}
			values = append(values, fmt.Sprintf("%.3g", value))
		}
		cells[name][size] = strings.Join(values, " ")
	}
	if len(names) == 0 {
		return fmt.Errorf("%s has no rows in:\n%s", growth, output)
	}
	for _, name := range names {
		fmt.Fprint(table, strings.ReplaceAll(name, "_", " "))
		for _, size := range growthSizes {
			fmt.Fprint(table, "\t", cells[name][size])
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

// growthRow returns the operation and the number of documents of a line.
func growthRow(line string) (name, documents string, ok bool) {
	line, ok = strings.CutPrefix(line, growth+"/")
	if !ok {
		return "", "", false
	}
	label, _, _ := strings.Cut(strings.Fields(line)[0], "-") // of the number of processors
	return strings.Cut(label, "/documents=")
}

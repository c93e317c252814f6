package main

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// growthText is the output of the benchmark of growth, which takes ten minutes and 2 GiB of
// memory, so the page has the values of the last time that somebody ran it:
//
//	go test -timeout 1h -run '^$' -bench '^BenchmarkGrowth$' -benchtime 1x ./emulator/suite | grep ^Benchmark > scripts/capacity/growth.txt
//
//go:embed growth.txt
var growthText string

var (
	growthLine  = regexp.MustCompile(`^BenchmarkGrowth/(\S+)/documents=(\d+)(?:-\d+)?\s`)
	growthValue = regexp.MustCompile(`([0-9.e+]+) (calls|reads|writes|ms)(?:\s|$)`)
)

// historyTable has what each operation costs in a workspace with 10^3 to 10^6 documents. Counts
// that are the same for all four are written once.
func historyTable(text string) (string, error) {
	var names []string
	measured := map[string]map[string][]string{} // by operation and metric, a value for each number of documents
	for line := range strings.Lines(text) {
		found := growthLine.FindStringSubmatch(line)
		if found == nil {
			return "", fmt.Errorf("growth.txt has an unknown line: %q", line)
		}
		name := found[1]
		if measured[name] == nil {
			measured[name], names = map[string][]string{}, append(names, name)
		}
		for _, value := range growthValue.FindAllStringSubmatch(line, -1) {
			n, err := strconv.ParseFloat(value[1], 64)
			if err != nil {
				return "", fmt.Errorf("growth.txt: %s: %w", name, err)
			}
			measured[name][value[2]] = append(measured[name][value[2]], significantOrWhole(n, value[2]))
		}
	}
	rows := [][]string{{"operation", "calls", "documents read", "written", "ms with 10^3", "10^4", "10^5", "10^6"}}
	for _, name := range names {
		m := measured[name]
		if len(m["ms"]) != 4 {
			return "", fmt.Errorf("growth.txt has %d measurements of %s, not 4", len(m["ms"]), name)
		}
		rows = append(rows, append([]string{strings.ReplaceAll(name, "_", " "), once(m["calls"]), once(m["reads"]), once(m["writes"])}, m["ms"]...))
	}
	return markdown(rows), nil
}

func significantOrWhole(n float64, metric string) string {
	if metric == "ms" {
		return significant(n)
	}
	return number(n)
}

// once returns values that are all the same once, and others as a list.
func once(values []string) string {
	for _, v := range values {
		if v != values[0] {
			return strings.Join(values, ", ")
		}
	}
	return values[0]
}

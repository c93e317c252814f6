package main

import (
	"strings"
	"testing"
)

func TestParseFindsTheMetric(t *testing.T) {
	t.Parallel()
	const line = "BenchmarkRead-2   \t      40\t  29301 ns/op\t 286.31 MB/s\t         1.520 x-origin\n"
	if got, err := parse([]byte(line), "x-origin"); err != nil || got != 1.52 {
		t.Errorf("parse gives %v, %v", got, err)
	}
	if _, err := parse([]byte(line), "x-bare-more"); err == nil {
		t.Error("a metric that is not there is found")
	}
}

func TestTheTableOfRoundTripsHasEachOperation(t *testing.T) {
	t.Parallel()
	const output = "goos: linux\n" +
		"BenchmarkRoundTrips/list_no_issues-2   \t 1\t 9 ns/op\t 3.000 at-most\t 3.000 depth\t 51.00 ms\t 12.00 reads\t 1.000 writes\n" +
		"BenchmarkRoundTrips/start_a_run \t 1\t 9 ns/op\t 1.000 at-most\t 2.000 depth\t 17.00 ms\t 0 reads\t 3.000 writes\nPASS\n"
	var table strings.Builder
	if err := printTable(&table, []byte(output)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"list no issues  3  3  12  1  51", "start a run  2  1  0  3  17"} {
		if got := strings.Join(strings.Fields(table.String()), " "); !strings.Contains(got, strings.Join(strings.Fields(want), " ")) {
			t.Errorf("the table has no row %q:\n%s", want, table.String())
		}
	}
	if err := printTable(&table, []byte("PASS\n")); err == nil {
		t.Error("an output without rows has a table")
	}
}

func TestTheTableOfGrowthHasARowForEachOperation(t *testing.T) {
	t.Parallel()
	const output = "BenchmarkGrowth/list_runs/documents=1000-2 \t 1\t 9 ns/op\t 2.000 calls\t 4.500 ms\t 53.00 reads\t 0 writes\n" +
		"BenchmarkGrowth/list_runs/documents=10000-2 \t 1\t 9 ns/op\t 2.000 calls\t 5.500 ms\t 53.00 reads\t 0 writes\nPASS\n"
	var table strings.Builder
	if err := printGrowthTable(&table, []byte(output)); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(strings.Fields(table.String()), " "), "list runs 2 53 0 4.5 2 53 0 5.5"; !strings.Contains(got, want) {
		t.Errorf("the table has no row %q:\n%s", want, table.String())
	}
	if err := printGrowthTable(&table, []byte("PASS\n")); err == nil {
		t.Error("an output without rows has a table")
	}
}

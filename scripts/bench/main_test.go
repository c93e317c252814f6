package main

import "testing"

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

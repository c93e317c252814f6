package main

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSkippedTestsAreNamedOnce(t *testing.T) {
	t.Parallel()
	const lines = `{"Action":"run","Test":"TestModules/a"}
{"Action":"output","Test":"TestModules/a","Output":"    modules_test.go:56: skipped: Google's provider is not available here, so nothing checks a\n"}
{"Action":"output","Test":"TestModules/b","Output":"    modules_test.go:56: skipped: Google's provider is not available here, so nothing checks b\n"}
{"Action":"output","Test":"TestModules/c","Output":"    modules_test.go:56: skipped: Google's provider is not available here, so nothing checks b\n"}
{"Action":"skip","Test":"TestModules/a"}
no JSON
{"Action":"pass","Test":"TestOther"}
`
	want := []string{
		"Google's provider is not available here, so nothing checks a",
		"Google's provider is not available here, so nothing checks b",
	}
	if diff := cmp.Diff(want, skipped(lines)); diff != "" {
		t.Error(diff)
	}
	if got := skipped(`{"Action":"pass","Test":"TestOther"}`); got != nil {
		t.Errorf("%q of what was not skipped", got)
	}
}

func TestFailuresAreShownAsTheTestsPrintedThem(t *testing.T) {
	t.Parallel()
	other := errors.New("exit status 1")
	err := failures(`{"Action":"output","Test":"TestA","Output":"--- FAIL: TestA\n"}`+"\n"+`{"Action":"fail","Test":"TestA"}`, other)
	if err.Error() != "\n--- FAIL: TestA\n" {
		t.Errorf("got %q", err)
	}
	if got := failures("exec: go: not found", other); !errors.Is(got, other) {
		t.Errorf("got %v, want what was given", got)
	}
}

func TestCheckInfraIsSkippedWithoutTerraformFiles(t *testing.T) {
	t.Parallel()
	_, err := checkInfra(t.Context(), plant(t, map[string]string{"a.go": "package a\n"}))
	var why skip
	if !errors.As(err, &why) {
		t.Errorf("got %v, want a skip", err)
	}
}

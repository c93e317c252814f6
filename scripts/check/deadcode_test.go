package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDeadListsFunctionsThatNoProgramCalls(t *testing.T) {
	t.Parallel()
	const listing = `[{"Name":"a","Path":"example.com/m/shared/a","Funcs":[
		{"Name":"T.Close","Position":{"File":"/src/shared/a/close.go","Line":7,"Col":1}},
		{"Name":"open","Position":{"File":"/src/shared/a/open.go","Line":9,"Col":1}}]},
		{"Name":"atest","Path":"example.com/m/shared/atest","Funcs":[{"Name":"Start","Position":{"File":"start.go","Line":3}}]}]`
	var packages []deadPackage
	if err := json.Unmarshal([]byte(listing), &packages); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name       string
		exceptions map[string]string
		want       []string
	}{
		{"a package and a method are exceptions", map[string]string{"shared/atest/...": "for tests", "shared/a.T.Close": "for tests"},
			[]string{"shared/a/open.go:9: no program calls open: delete it, or move it to a test"}},
		{"an exception that is not needed", map[string]string{"shared/a/...": "for tests", "shared/atest.Start": "for tests", "shared/b/...": "gone"},
			[]string{"scripts/check/deadcode.go: the exception shared/b/... is not needed: remove it"}},
		{"an exception without a reason", map[string]string{"shared/a/...": "", "shared/atest/...": "for tests"}, []string{
			"shared/a/close.go:7: no program calls T.Close: delete it, or move it to a test",
			"shared/a/open.go:9: no program calls open: delete it, or move it to a test",
			"scripts/check/deadcode.go: the exception shared/a/... is not needed: remove it",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, dead(packages, "example.com/m/", tt.exceptions)); diff != "" {
				t.Errorf("dead (-want +got):\n%s", diff)
			}
		})
	}
}

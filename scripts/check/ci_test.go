package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each part that .ci/run runs is a function in it, and no function is left that nothing runs. Bash
// would notice the first only after all parts before it, an hour later.
func TestEachPartOfCIIsAFunction(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../.ci/run")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	functions := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+)\(\) \{`).FindAllStringSubmatch(text, -1) {
		functions[m[1]] = true
	}
	parts := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^part (\w+)$`).FindAllStringSubmatch(text, -1) {
		parts[m[1]] = true
		if !functions[m[1]] {
			t.Errorf("part %s is no function of .ci/run", m[1])
		}
	}
	want := map[string]bool{"tests": true, "race": true, "types": true, "demonstration": true, "checks": true, "release": true, "official": true}
	if diff := cmp.Diff(want, parts); diff != "" {
		t.Errorf("the parts of .ci/run differ (-want +got): %s", diff)
	}
	for name := range functions {
		if uses := regexp.MustCompile(`(?m)(^|[^\w])`+name+`([^\w(]|$)`).FindAllString(text, -1); len(uses) == 0 {
			t.Errorf("nothing in .ci/run calls %s", name)
		}
	}
}

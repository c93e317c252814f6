package command

import (
	"os/exec"
	"strings"
	"testing"
)

func FuzzParseRange(f *testing.F) {
	for _, seed := range []string{"1-2", "5-", "-5", "0-0", "2-1", "a-b", "1--2", "+1-2", "99999999999999999999-", "1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, last, err := parseRange(text, 1)
		if err == nil && (first < 1 || last != -1 && last < first || last-first+1 < 0 && last != -1) {
			t.Errorf("%q is %d to %d", text, first, last)
		}
	})
}

func TestRanges(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]int64{"1-2": {1, 2}, "5-": {5, -1}, "7-7": {7, 7}} {
		if first, last, err := parseRange(text, 1); err != nil || first != want[0] || last != want[1] {
			t.Errorf("%s is %d to %d: %v", text, first, last, err)
		}
	}
	for _, text := range []string{"", "-", "-5", "0-3", "3-1", "+1-2", "1- 2", "1-2-3", "x"} {
		if first, last, err := parseRange(text, 1); err == nil {
			t.Errorf("%q is %d to %d", text, first, last)
		}
	}
}

// TestTheProgramLinksNoCloudClient keeps Google's large clients out of the program
// that runners install.
func TestTheProgramLinksNoCloudClient(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "github.com/strongroom-dev/strongroom/scripts/strongroom").Output()
	if err != nil {
		t.Skipf("go list: %v", err)
	}
	for _, dep := range strings.Fields(string(out)) {
		for _, heavy := range []string{"cloud.google.com/", "google.golang.org/", "github.com/strongroom-dev/strongroom/functions/", "github.com/strongroom-dev/strongroom/emulator/"} {
			if strings.HasPrefix(dep, heavy) {
				t.Errorf("it depends on %s", dep)
			}
		}
	}
}

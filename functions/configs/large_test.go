package configs_test

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// A workspace with 4,400 SLXs has about 13,000 files and 20 MB. STRONGROOM_CONFIG_FILES
// sets how many files are pushed.
func TestLargeWorkspaceIsPushedAndCloned(t *testing.T) {
	t.Parallel()
	files, err := strconv.Atoi(cmp.Or(os.Getenv("STRONGROOM_CONFIG_FILES"), "500"))
	if err != nil {
		t.Fatal(err)
	}
	tn := cloudtest.Shared(t).Tenant(t)
	w := newWorkTree(t, tn)
	var text strings.Builder
	for i := range 25 {
		fmt.Fprintf(&text, "  field%02d: the value of a field of this document, in words\n", i)
	}
	for n := range files {
		w.write(t, many(n), slx(fmt.Sprint(n), text.String()))
	}
	tree := w.commit(t)
	review(t, tn, tree, "builder")
	began := time.Now()
	w.want(t, "push", "origin", "main")
	pushed := time.Now()
	if got := len(clone(t, tn, "viewer")); got != files {
		t.Errorf("the clone has %d files, want %d", got, files)
	}
	t.Logf("%d files with %d bytes: push %.1f s, clone %.1f s", files, tree.Bytes(), pushed.Sub(began).Seconds(), time.Since(pushed).Seconds())
}

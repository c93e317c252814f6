package cloudtest

import (
	"cmp"
	"os"
	"strconv"
	"testing"
	"time"
)

// Histories is how many random histories a test plays, and the seed of the
// first; the next has the next seed. Usual is their number in an ordinary run,
// and the clock gives the seed: STRONGROOM_HISTORIES and STRONGROOM_SEED change
// them, so that STRONGROOM_HISTORIES=10000 plays more, and
// STRONGROOM_HISTORIES=1 with the seed that a failure named plays that one again.
func Histories(t testing.TB, usual int) (count int, seed uint64) {
	t.Helper()
	count, err := strconv.Atoi(cmp.Or(os.Getenv("STRONGROOM_HISTORIES"), strconv.Itoa(usual)))
	if err != nil {
		t.Fatalf("STRONGROOM_HISTORIES: %v", err)
	}
	seed, err = strconv.ParseUint(cmp.Or(os.Getenv("STRONGROOM_SEED"), strconv.FormatInt(time.Now().UnixNano(), 10)), 10, 64)
	if err != nil {
		t.Fatalf("STRONGROOM_SEED: %v", err)
	}
	t.Logf("STRONGROOM_HISTORIES=%d STRONGROOM_SEED=%d", count, seed)
	return count, seed
}

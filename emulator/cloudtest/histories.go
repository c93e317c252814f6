package cloudtest

import (
	"cmp"
	"os"
	"strconv"
	"testing"
	"time"
)

// Histories returns how many random histories a test plays and the seed of the first;
// each further history has the next seed. The defaults are usual and the time. With
// the race detector, which makes a history several times as slow, the default is a
// tenth of usual: a data race shows in any history.
//
//   - STRONGROOM_HISTORIES=10000 plays more histories.
//   - STRONGROOM_HISTORIES=1 STRONGROOM_SEED=N repeats the history of a failure.
func Histories(t testing.TB, usual int) (count int, seed uint64) {
	t.Helper()
	if RaceDetector {
		usual = max(1, usual/10)
	}
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

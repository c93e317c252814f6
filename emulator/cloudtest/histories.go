package cloudtest

import (
	"cmp"
	"math/rand/v2"
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

// Sampled reports for the number of a case whether a test that tries every case tries this
// one now: one of usual, beginning with a random one. With the race detector it is one of
// 10 times as many; STRONGROOM_HISTORIES tries all.
func Sampled(usual int) func(number int) bool {
	if os.Getenv("STRONGROOM_HISTORIES") != "" {
		return func(int) bool { return true }
	}
	if RaceDetector {
		usual *= 10
	}
	first := rand.IntN(usual)
	return func(number int) bool { return number%usual == first }
}

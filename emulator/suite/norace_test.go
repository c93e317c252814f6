//go:build !race

package suite_test

// raceDetector reports whether the race detector is on.
const raceDetector = false

//go:build !race

package api_test

// raceDetector reports whether the race detector is on.
const raceDetector = false

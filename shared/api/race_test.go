//go:build race

package api_test

// raceDetector reports whether the race detector is on. It changes how much a
// program allocates: sync.Pool then drops items at random.
const raceDetector = true

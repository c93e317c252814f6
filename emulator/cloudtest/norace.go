//go:build !race

package cloudtest

// RaceDetector is true in a program that was built with the race detector, which
// changes how much a program allocates and how long it takes.
const RaceDetector = false

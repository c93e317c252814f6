//go:build !race

package cloudtest

// raceDetector is true in a program that was built with the race detector.
const raceDetector = false

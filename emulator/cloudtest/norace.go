//go:build !race

package cloudtest

// RaceDetector is true in a program that was built with the race detector.
const RaceDetector = false

//go:build race

package auditverify_test

// flipStep is the distance between the bits that are flipped. The race detector
// is about ten times slower, and looks for races, not for bits.
const flipStep = 61

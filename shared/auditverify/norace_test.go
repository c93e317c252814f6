//go:build !race

package auditverify_test

// flipStep is the distance between the bits that are flipped: every bit.
const flipStep = 1

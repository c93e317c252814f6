package spool

import (
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// hexPrefix marks a path that JSON cannot have. No other path in a journal starts with
// it, because they are absolute.
const hexPrefix = "hex:"

// mapPaths changes each path of the journal.
func (j *Journal) mapPaths(change func(string) string) {
	j.PendingDir = change(j.PendingDir)
	for i := range j.Reported {
		j.Reported[i] = change(j.Reported[i])
	}
	for i := range j.Outputs {
		j.Outputs[i].Source = change(j.Outputs[i].Source)
	}
}

// storedPath returns a path in the form that is stored: JSON has no bytes that are not
// UTF-8.
func storedPath(path string) string {
	if utf8.ValidString(path) {
		return path
	}
	return hexPrefix + hex.EncodeToString([]byte(path))
}

// loadedPath is the inverse of storedPath.
func loadedPath(stored string) string {
	digits, isHex := strings.CutPrefix(stored, hexPrefix)
	path, err := hex.DecodeString(digits)
	if !isHex || err != nil {
		return stored
	}
	return string(path)
}

package sli

import (
	"errors"
	"regexp"
	"unicode/utf8"
)

var namePattern = regexp.MustCompile(`^[^\x00-\x1f\x7f]{1,256}$`)

// CheckName returns an error if name is not valid as the name of an SLI.
func CheckName(name string) error {
	if !utf8.ValidString(name) || !namePattern.MatchString(name) {
		return errors.New("an SLI name has 1 to 256 characters and no control characters")
	}
	return nil
}

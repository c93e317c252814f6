package sli

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

var namePattern = lazyregexp.New(`^[^\x00-\x1f\x7f]{1,256}$`)

// CheckName returns an error if name is not valid as the name of an SLI. A name
// is a segment of URL paths, so it must not look like the segments that servers
// and proxies remove: RFC 3986, section 5.2.4.
func CheckName(name string) error {
	if !utf8.ValidString(name) || !namePattern.MatchString(name) {
		return errors.New("an SLI name has 1 to 256 characters and no control characters")
	}
	for segment := range strings.SplitSeq(name, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return errors.New(`no part of an SLI name between slashes may be empty, "." or "..", because URL paths cannot carry it`)
		}
	}
	return nil
}

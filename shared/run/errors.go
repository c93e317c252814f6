package run

import "errors"

// ErrConflict is the error of a start or report that differs from the one that
// is already recorded.
var ErrConflict = errors.New("this run was already recorded with different values")

package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/task"
)

// Exit codes of the program. The run command exits with the code of its task,
// or with exitNotRun if it did not start the task.
const (
	exitFailed = 1
	exitUsage  = 2

	exitLeftOut        = 3 // the command did everything that it could, but left out some files
	exitExportFailed   = 4
	exitExportCanceled = 5

	exitSignIn      = 10
	exitRefused     = 11
	exitNotFound    = 12
	exitConflict    = 13
	exitTemporary   = 14
	exitTimeout     = task.ExitTimeout // 124
	exitNotRun      = 125
	exitInterrupted = 130 // 128 and the number of SIGINT
)

// exitCodesHelp is the part of the program's help that describes the exit codes.
const exitCodesHelp = `Exit codes:
  0    success
  1    failure
  2    a flag, an argument or a setting is not valid, or the platform rejected it
  10   sign-in needed: there is no valid token
  11   refused: the role does not allow it
  12   not found
  13   conflict with what is stored
  14   temporary: the platform did not respond in time, or is overloaded; try again later
  124  --timeout is over
  130  interrupted with Ctrl-C
run exits with the code of its task. The help of run, upload and exports wait has theirs.`

// timeoutError is the error of a command whose --timeout is over.
type timeoutError struct{ after time.Duration }

func (t *timeoutError) Error() string { return fmt.Sprintf("not done after %s (--timeout)", t.after) }

// exitCodeOf returns the exit code for an error, by its kind.
func exitCodeOf(err error) int {
	var exit *exitError
	var timeout *timeoutError
	var problem *api.Problem
	var transient *retry.Transient
	var gaveUp *retry.GaveUp
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.code
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &timeout):
		return exitTimeout
	case errors.Is(err, api.ErrSignIn):
		return exitSignIn
	case errors.As(err, &problem):
		return exitCodeOfStatus(problem.Status)
	case errors.As(err, &gaveUp), errors.As(err, &transient):
		return exitTemporary
	}
	return exitFailed
}

// exitCodeOfStatus returns the exit code for an error response of the platform.
func exitCodeOfStatus(status int) int {
	switch status {
	case http.StatusUnauthorized:
		return exitSignIn
	case http.StatusForbidden:
		return exitRefused
	case http.StatusNotFound, http.StatusGone:
		return exitNotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return exitConflict
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong,
		http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType, http.StatusRequestedRangeNotSatisfiable:
		return exitUsage
	case http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return exitTemporary
	}
	return exitFailed
}

// signInError is the error of a command for which somebody must sign in first.
func signInError(format string, args ...any) error {
	return &exitError{exitSignIn, &needsSignIn{fmt.Sprintf(format, args...)}}
}

// needsSignIn is an api.ErrSignIn with a text.
type needsSignIn struct{ text string }

func (n *needsSignIn) Error() string { return n.text }

func (n *needsSignIn) Is(target error) bool { return target == api.ErrSignIn }

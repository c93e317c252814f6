package export

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Limits of exports.
const (
	MaxWorkspaces = 100 // that one request names
	MaxActive     = 5   // exports of a tenant that are queued, running or paused

	// Precision is that of every read time: after an hour, Firestore reads at whole
	// minutes only: cloud.google.com/firestore/native/docs/use-pitr.
	Precision = time.Minute

	// MaxReadAge is how old a read time may be when a part reads at it. Firestore
	// allows seven days.
	MaxReadAge = 7*24*time.Hour - 5*time.Minute

	// MaxRequestedAge is how old a read time may be when it is requested. The
	// difference to MaxReadAge is the time that the export has.
	MaxRequestedAge = 6 * 24 * time.Hour

	// MaxPause is how long an export waits for the tenant's key to be enabled.
	MaxPause = 24 * time.Hour
)

// Request says what an export contains.
type Request struct {
	Kinds []Kind `firestore:"kinds" class:"operational"`
	// Workspaces are those whose rows are exported. Empty means all. The audit log
	// has no workspaces, so it is always exported as a whole.
	Workspaces []tenant.WorkspaceID `firestore:"workspaces" class:"operational"`
	// From leaves out the documents that were last written before it or at it, which
	// are in the export whose read time it is. Zero means
	// that none is left out.
	From time.Time `firestore:"from" class:"operational"`
	// To is the read time. Zero means the next whole minute.
	To time.Time `firestore:"to" class:"operational"`
}

// FieldError is what is wrong with a field of a request.
type FieldError struct {
	Field   string // name of the field in the API
	Message string // what is wrong and what to change
}

// Error implements error.
func (e FieldError) Error() string { return e.Field + ": " + e.Message }

// Canonical returns the request with its kinds and workspaces sorted, so that two
// requests for the same are equal.
func (r Request) Canonical() Request {
	r.Kinds, r.Workspaces = slices.Clone(r.Kinds), slices.Clone(r.Workspaces)
	slices.Sort(r.Kinds)
	slices.Sort(r.Workspaces)
	r.From, r.To = r.From.UTC(), r.To.UTC()
	return r
}

// Equal reports whether two canonical requests are for the same.
func (r Request) Equal(o Request) bool {
	return slices.Equal(r.Kinds, o.Kinds) && slices.Equal(r.Workspaces, o.Workspaces) && r.From.Equal(o.From) && r.To.Equal(o.To)
}

// Validate returns an error that joins a FieldError for everything wrong with a
// canonical request at the time now.
func (r Request) Validate(now time.Time) error {
	errs := append(r.validateKinds(), r.validateTimes(now)...)
	if len(r.Workspaces) > MaxWorkspaces {
		errs = append(errs, FieldError{"workspaces", fmt.Sprintf("at most %d workspaces; leave them out to export all", MaxWorkspaces)})
	}
	if len(slices.Compact(slices.Clone(r.Workspaces))) < len(r.Workspaces) {
		errs = append(errs, FieldError{"workspaces", "a workspace is there twice; remove one"})
	}
	for _, w := range r.Workspaces {
		if _, err := tenant.ParseWorkspaceID(string(w)); err != nil {
			errs = append(errs, FieldError{"workspaces", err.Error()})
		}
	}
	return errors.Join(errs...)
}

func (r Request) validateKinds() (errs []error) {
	if len(r.Kinds) == 0 {
		errs = append(errs, FieldError{"kinds", "it is empty; name at least one of audit, configuration, inventory, metadata, outputs"})
	}
	if len(slices.Compact(slices.Clone(r.Kinds))) < len(r.Kinds) {
		errs = append(errs, FieldError{"kinds", "a kind is there twice; remove one"})
	}
	for _, kind := range r.Kinds {
		if !slices.Contains(Kinds, kind) {
			errs = append(errs, FieldError{"kinds", "a kind does not exist; use audit, configuration, inventory, metadata or outputs"})
		}
	}
	return errs
}

func (r Request) validateTimes(now time.Time) (errs []error) {
	for _, t := range []struct {
		field string
		time  time.Time
	}{{"from", r.From}, {"to", r.To}} {
		switch {
		case t.time.IsZero():
		case !t.time.Equal(t.time.Truncate(Precision)):
			errs = append(errs, FieldError{t.field, "the time is not a whole minute; set its seconds to 0"})
		case t.time.After(now):
			errs = append(errs, FieldError{t.field, "the time is in the future; use an earlier one"})
		}
	}
	if !r.To.IsZero() && !r.From.Before(r.To) {
		errs = append(errs, FieldError{"to", "it is not after from; use a later time"})
	}
	if !r.To.IsZero() && now.Sub(r.To) > MaxRequestedAge {
		errs = append(errs, FieldError{"to", "the database cannot be read at a time more than 6 days ago; leave out to, and use from"})
	}
	return errs
}

// ReadTime returns the time at which all parts of an export read that is requested
// at now: To, or the next whole minute.
func (r Request) ReadTime(now time.Time) time.Time {
	if !r.To.IsZero() {
		return r.To
	}
	return now.UTC().Truncate(Precision).Add(Precision)
}

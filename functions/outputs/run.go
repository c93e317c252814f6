package outputs

import (
	"context"
	"net/http"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// runReading is a run that is being read, so that its grants are read at the same time.
type runReading struct {
	session access.Session
	id      run.ID
	done    chan struct{} // closed when run and err are set
	run     run.Run
	err     error
}

// readRun begins to read a run. The error has status 400 if rawID is not a run ID.
func readRun(ctx context.Context, s access.Session, rawID string) (*runReading, error) {
	id, err := run.ParseID(rawID)
	if err != nil {
		return nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	r := &runReading{session: s, id: id, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.run, r.err = s.FindRun(ctx, rawID)
	}()
	return r, nil
}

// knownRun returns a run that was read.
func knownRun(s access.Session, r run.Run) *runReading {
	reading := &runReading{session: s, id: r.ID, run: r, done: make(chan struct{})}
	close(reading.done)
	return reading
}

// wait returns the run. The error has status 404 if it does not exist.
func (r *runReading) wait() (run.Run, error) {
	<-r.done
	return r.run, r.err
}

// grants calls begin with the run, and then each with its grants that match the filter, by
// output and part. It stops at the first error.
func (r *runReading) grants(ctx context.Context, filter records.GrantFilter, begin func(run.Run) error, each func(grant.Grant) error) error {
	begun := false
	beginOnce := func() error {
		found, err := r.wait()
		if err == nil && !begun {
			begun = true
			err = begin(found)
		}
		return err
	}
	s := r.session
	err := records.GrantsOfRun(ctx, s.DB, s.Tenant.ID, s.Workspace, r.id, filter, func(g grant.Grant) error {
		if err := beginOnce(); err != nil {
			return err
		}
		return each(g)
	})
	if notFound := beginOnce(); notFound != nil {
		return notFound
	}
	return err
}

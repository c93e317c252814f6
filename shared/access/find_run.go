package access

import (
	"context"
	"errors"
	"net/http"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// FindRun reads the run of the session's workspace whose ID is in the path of a
// request. The error is a problem with status 400 if rawID is not a run ID, and
// with status 404 if there is no such run.
func (s Session) FindRun(ctx context.Context, rawID string) (run.Run, error) {
	id, err := run.ParseID(rawID)
	if err != nil {
		return run.Run{}, api.Refuse(http.StatusBadRequest, err.Error())
	}
	r, err := records.NewRunRef(s.DB, s.Tenant.ID, s.Workspace, id).Get(ctx)
	if errors.Is(err, records.ErrRunNotFound) {
		return run.Run{}, api.Refuse(http.StatusNotFound, api.RunNotFoundText)
	}
	return r, err
}

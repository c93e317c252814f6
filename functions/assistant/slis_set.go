package assistant

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

type objectiveBody struct {
	Min    *float64 `json:"min,omitempty" doc:"A good sample is at least this"`
	Max    *float64 `json:"max,omitempty" doc:"A good sample is at most this"`
	Target float64  `json:"target,omitempty" doc:"Share of samples to be good, between 0 and 1; needed with min or max"`
}

type thresholdsBody struct {
	Page       float64 `json:"page,omitempty" doc:"Burn rate over 1 h and over 5 min; 0: 14.4"`
	Ticket     float64 `json:"ticket,omitempty" doc:"Burn rate over 6 h and over 30 min; 0: 6"`
	Slow       float64 `json:"slow,omitempty" doc:"Burn rate over 3 d and over 6 h, also a ticket; 0: 1"`
	Samples    int     `json:"samples,omitempty" doc:"Samples outside of the objective, in the longer window, that any of these needs; 0: 3"`
	StaleAfter int     `json:"staleAfter,omitempty" doc:"Seconds without a sample after which the SLI is stale; 0: 3600"`
}

type setSLIRequest struct {
	Workspace string `path:"workspace"`
	SLI       string `path:"sli"`
	Body      struct {
		Objective  objectiveBody  `json:"objective" doc:"Without min and max there is none. Samples that were taken in before keep what they counted as"`
		Thresholds thresholdsBody `json:"thresholds,omitempty"`
	}
}

// setSLI sets what an SLI is held against, though it may have no sample yet.
func (h *Handler) setSLI(ctx context.Context, in *setSLIRequest) (*sliResponse, error) {
	s := access.From(ctx)
	if err := checkSLI(in.SLI); err != nil {
		return nil, err
	}
	set := sli.SLI{Name: in.SLI, Objective: sli.Objective(in.Body.Objective), Thresholds: sli.Thresholds(in.Body.Thresholds)}
	if err := errors.Join(set.Objective.Validate(), set.Thresholds.Validate()); err != nil {
		return nil, api.Refuse(http.StatusUnprocessableEntity, "the objective is not as it must be", api.Fault{Message: err.Error(), Location: "body"})
	}
	ref := records.SLIRef(s.DB, s.Tenant.ID, s.Workspace, set.Name)
	prepared, err := h.guard.Audit.Prepare(ctx, s.DB, entry(s, auditlog.SetSLI, "slis/"+ref.ID))
	if err != nil {
		return nil, err
	}
	after, err := commitSLI(ctx, s, ref, set, prepared)
	if err != nil {
		return nil, err
	}
	return &sliResponse{showSLI(after, h.now())}, nil
}

// commitSLI writes objective and thresholds, and puts it on record, in one
// commit; nothing if they are so already. All else of the SLI is the updater's.
func commitSLI(ctx context.Context, s access.Session, ref *firestore.DocumentRef, set sli.SLI, entry auditlog.Prepared) (after sli.SLI, err error) {
	err = gcp.Transact(ctx, s.DB, func(_ context.Context, tx *firestore.Transaction) error {
		if err := checkWorkspace(tx, s); err != nil {
			return err
		}
		docs, err := tx.GetAll(refs(ref))
		if err != nil {
			return fmt.Errorf("read SLI: %w", err)
		}
		if after, err = records.Decode[sli.SLI](docs[0]); err != nil {
			return err
		}
		if docs[0].Exists() && reflect.DeepEqual(after.Objective, set.Objective) && after.Thresholds == set.Thresholds {
			return nil // it was said before
		}
		after = after.WithObjective(set.Objective, set.Thresholds)
		after.Name = set.Name
		if err := tx.Set(ref, after); err != nil {
			return fmt.Errorf("write SLI: %w", err)
		}
		return entry.Write(tx)
	})
	return after, err
}

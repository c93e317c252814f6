package assistants

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
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

type objectiveBody struct {
	Min    *float64 `json:"min,omitempty" class:"configuration" doc:"A good sample is at least this"`
	Max    *float64 `json:"max,omitempty" class:"configuration" doc:"A good sample is at most this"`
	Target float64  `json:"target,omitempty" class:"configuration" doc:"Share of samples that must be good, between 0 and 1. Required with min or max"`
}

type thresholdsBody struct {
	Page       float64 `json:"page,omitempty" class:"configuration" doc:"Burn rate over 1 h and over 5 min that is a page, at most 1/(1-target). 0: 14.4"`
	Ticket     float64 `json:"ticket,omitempty" class:"configuration" doc:"Burn rate over 6 h and over 30 min that is a ticket, at most 1/(1-target). 0: 6"`
	Slow       float64 `json:"slow,omitempty" class:"configuration" doc:"Burn rate over 3 d and over 6 h that is a ticket, at most 1/(1-target). 0: 1"`
	Samples    int     `json:"samples,omitempty" class:"configuration" doc:"Bad samples in the longer window that a page or ticket needs. 0: 3"`
	StaleAfter int     `json:"staleAfter,omitempty" class:"configuration" doc:"Seconds after its last sample when the SLI is stale. 0: 3600"`
}

type setSLIRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	SLI       string `path:"sli" class:"metadata"`
	Body      struct {
		Objective  objectiveBody  `json:"objective" doc:"Without min and max, the SLI has no objective. Earlier samples stay as good or bad as they were"`
		Thresholds thresholdsBody `json:"thresholds,omitempty"`
	}
}

// setSLI sets the objective and thresholds of an SLI, which may have no samples yet.
func (h *Handler) setSLI(ctx context.Context, in *setSLIRequest) (*sliResponse, error) {
	s := access.From(ctx)
	name, err := parseSLIName(in.SLI)
	if err != nil {
		return nil, err
	}
	set := sli.SLI{Name: name, Objective: sli.Objective(in.Body.Objective), Thresholds: sli.Thresholds(in.Body.Thresholds)}
	err = errors.Join(set.Objective.Validate(), set.Thresholds.Validate())
	if err == nil {
		err = set.Thresholds.CheckReachable(set.Objective)
	}
	if err != nil {
		return nil, api.Refuse(http.StatusUnprocessableEntity, "the objective is invalid", api.Fault{Message: err.Error(), Location: "body"})
	}
	ref := records.SLIRef(s.DB, s.Tenant.ID, s.Workspace, set.Name)
	prepared, err := h.guard.Audit.Prepare(ctx, s.DB, auditEntry(s, auditlog.SetSLI, "slis/"+ref.ID))
	if err != nil {
		return nil, err
	}
	after, err := h.commitSLI(ctx, s, ref, set, prepared)
	if err != nil {
		return nil, err
	}
	return &sliResponse{showSLI(after, h.now())}, nil
}

// commitSLI writes the objective and thresholds of an SLI and the audit entry, in one
// commit. If the SLI has them already, it writes nothing.
func (h *Handler) commitSLI(ctx context.Context, s access.Session, ref *firestore.DocumentRef, set sli.SLI, entry auditlog.Prepared) (after sli.SLI, err error) {
	if err := h.checkWorkspace(ctx, s); err != nil {
		return sli.SLI{}, err
	}
	err = entry.Commit(ctx, s.DB, func(tx *firestore.Transaction) (acts bool, err error) {
		docs, err := tx.GetAll(refs(ref))
		if err != nil {
			return false, fmt.Errorf("read SLI: %w", err)
		}
		if after, err = records.Decode[sli.SLI](docs[0]); err != nil {
			return false, err
		}
		if docs[0].Exists() && reflect.DeepEqual(after.Objective, set.Objective) && after.Thresholds == set.Thresholds {
			return false, nil
		}
		after = after.WithObjective(set.Objective, set.Thresholds)
		after.Name = set.Name
		if err := tx.Set(ref, after); err != nil {
			return false, fmt.Errorf("write SLI: %w", err)
		}
		return true, nil
	})
	return after, err
}

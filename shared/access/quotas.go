package access

import (
	"context"
	"errors"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/quota"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// TakeQuota counts what a request is about to do. If it is over a quota of the tenant, or of
// the workspace, the error is a problem for the client, and nothing is counted. A refusal is
// not in the audit log: the quota exists so that work is bounded. If the handler does not do
// all of it, it returns the rest to the claim.
func (g *Guard) TakeQuota(ctx context.Context, s Session, amounts quota.Amounts) (quota.Claim, error) {
	claim, err := g.quotas.Take(ctx, quota.Scope{DB: s.DB, Tenant: s.Tenant, Workspace: s.Workspace}, amounts)
	return claim, g.quotaProblem(err)
}

// takeRequest counts a request of a principal with a role. Strangers cannot use up a tenant's
// quota, and staff have no tenant. Requests of a tenant that is being offboarded are not
// counted, because nothing of it may be written after it is erased.
func (g *Guard) takeRequest(ctx context.Context, s Session) error {
	if s.Principal.Tenant == "" || s.Tenant.State != tenant.Active {
		return nil
	}
	return g.quotaProblem(g.quotas.TakeRequest(ctx, quota.Scope{DB: s.DB, Tenant: s.Tenant}))
}

// quotaProblem returns the problem for the client, if err is of a quota.
func (g *Guard) quotaProblem(err error) error {
	var exceeded *quota.Exceeded
	if !errors.As(err, &exceeded) {
		return err
	}
	return api.RefuseQuota(exceeded.Error()+"; send less, or ask the platform's staff for a higher quota", exceeded.Renews.Sub(g.now()))
}

// logNear writes the line of which the metric quotas-near has its count. It names no more
// than the tenant and the quota.
func logNear(ctx context.Context, n quota.Near) {
	api.Logger(ctx).WarnContext(ctx, "quota nearly used up", "tenant", n.Tenant, "quota", n.Kind, "workspace", n.Workspace,
		"limit", n.Limit, "period", n.Period, "renews", n.Renews.UTC().Format(time.RFC3339))
}

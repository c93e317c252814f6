package access

import (
	"context"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// RunOwner returns the session's principal as the owner of the runs that it begins.
func (s Session) RunOwner() run.Owner {
	return run.Owner{Issuer: s.Principal.Issuer, Subject: s.Principal.Subject, Group: s.Principal.RunGroup}
}

// RunOpener returns the session as the opener of runs: a run that it begins belongs to its
// principal, and has its output in the bucket that the tenant has now.
func (s Session) RunOpener() records.Opener {
	return records.Opener{Owner: s.RunOwner(), Bucket: s.Tenant.OutputsBucket}
}

// DenyRun records that the principal may not perform the action because the run
// belongs to another identity. It returns the problem for the client.
func (g *Guard) DenyRun(ctx context.Context, s Session, action auditlog.Action, id run.ID) error {
	return g.deny(ctx, s, Request{Action: action, Workspace: string(s.Workspace), Resource: "runs/" + string(id)}, reasonOwner)
}

// DenyWitness records that the principal may not store cosignatures of a witness
// that the tenant has not registered. It returns the problem for the client.
func (g *Guard) DenyWitness(ctx context.Context, s Session) error {
	return g.deny(ctx, s, Request{Action: auditlog.CosignAuditLog}, reasonWitness)
}

// DenyApproval records that the principal may not approve a configuration: it is of a
// pipeline, has its role by a rule of the API, or has reviewed or pushed the configuration itself. It returns the problem for
// the client.
func (g *Guard) DenyApproval(ctx context.Context, s Session, resource string) error {
	reason := reasonSelf
	switch {
	case s.Principal.Pipeline:
		reason = reasonPipeline
	case s.Principal.AddedRule != "":
		reason = reasonAddedRule
	}
	return g.deny(ctx, s, Request{Action: auditlog.ApproveConfig, Workspace: string(s.Workspace), Resource: resource}, reason)
}

package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Setup creates the tenants acme and globex. Workspaces that acme has from earlier
// starts remain.
func Setup(ctx context.Context, c *suite.Cloud) error {
	_, err := setup(ctx, c, prod)
	return err
}

// setup creates the tenants. Acme has the workspace in addition to the usual ones.
func setup(ctx context.Context, c *suite.Cloud, workspace tenant.WorkspaceID) (map[tenant.ID]tenant.Record, error) {
	existing, err := c.Workspaces(ctx, acme)
	if err != nil {
		return nil, err
	}
	all := append(existing, prod, "staging", workspace)
	slices.Sort(all)
	created := map[tenant.ID]tenant.Record{}
	for id, workspaces := range map[tenant.ID][]tenant.WorkspaceID{acme: slices.Compact(all), globex: {prod}} {
		record, err := c.AddTenant(ctx, id, workspaces...)
		if err != nil {
			return nil, fmt.Errorf("create tenant %s: %w", id, err)
		}
		created[id] = record
	}
	return created, nil
}

// HasRuns reports whether acme has a run in its workspace prod, as it does after a
// demonstration.
func HasRuns(ctx context.Context, c *suite.Cloud) (bool, error) { return hasRuns(ctx, c, prod) }

func hasRuns(ctx context.Context, c *suite.Cloud, workspace tenant.WorkspaceID) (bool, error) {
	db, err := c.Operator.Default(ctx)
	if err != nil {
		return false, err
	}
	docs, err := records.Workspace(db, acme, workspace).Collection(records.RunsCollection).Limit(1).Documents(ctx).GetAll()
	if err != nil {
		return false, fmt.Errorf("look for runs: %w", err)
	}
	return len(docs) > 0, nil
}

// maxWorkspaces limits how many workspaces are tried. It is far more than anybody
// demonstrates in one directory.
const maxWorkspaces = 10_000

// unusedWorkspace returns a workspace of acme without runs: prod, demo-2, demo-3 and
// so on.
func unusedWorkspace(ctx context.Context, c *suite.Cloud) (tenant.WorkspaceID, error) {
	workspace := prod
	for n := 2; n < maxWorkspaces; n++ {
		used, err := hasRuns(ctx, c, workspace)
		if err != nil || !used {
			return workspace, err
		}
		workspace = tenant.WorkspaceID(fmt.Sprintf("demo-%d", n))
	}
	return "", errors.New("every workspace of the demonstration has runs; use another data directory")
}

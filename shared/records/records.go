// Package records stores the domain's types in Firestore: where the document of
// a run, a grant, an issue, a check or an SLI is, and how it is read and
// written. The types themselves are in the packages run, grant, issue and sli,
// which link no Google client, so that the command line can use them too.
//
// Everything of a tenant is below tenants/{tenant}; everything of a workspace
// is below tenants/{tenant}/workspaces/{workspace}:
//
//	runs/{run}                     run.Run
//	runs/{run}/sightings/{number}  issue.Record
//	grants/{object}                grant.Grant
//	issues/{issue}                 issue.Issue
//	checks/{check}                 issue.Check
//	slis/{hash of the name}        sli.SLI
//	series/{run}-{hash}            sli.Series
//	assistants/{assistant}         Assistant
//
// tenants/{tenant}/runIds/{run} says which workspace has a run ID.
package records

import (
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The names of the collections below a workspace, also as collection groups.
// Sightings and indexes are below a run.
const (
	RunsCollection      = "runs"
	SightingsCollection = "sightings"
	GrantsCollection    = "grants"
	IssuesCollection    = "issues"
	ChecksCollection    = "checks"
	SLIsCollection      = "slis"
	SeriesCollection    = "series"
	IndexesCollection   = "outputIndexes" // below a run; package functions/outputs has their documents

	AssistantsCollection = "assistants"
)

const (
	tenantPath    = "tenants/{tenant}/"
	workspacePath = tenantPath + "workspaces/{workspace}/"
)

// The documents of SLIs are declared by the function that updates them: it
// stores more than the SLI.
var (
	_ = dataclass.Stored[idReservation](tenantPath + "runIds/{run}")
	_ = dataclass.Stored[run.Run](workspacePath + RunsCollection + "/{run}")
	_ = dataclass.Stored[issue.Record](workspacePath + RunsCollection + "/{run}/" + SightingsCollection + "/{number}")
	_ = dataclass.Stored[grant.Grant](workspacePath + GrantsCollection + "/{grant}")
	_ = dataclass.Stored[issue.Issue](workspacePath + IssuesCollection + "/{issue}")
	_ = dataclass.Stored[issue.Check](workspacePath + ChecksCollection + "/{check}")
	_ = dataclass.Stored[sli.Series](workspacePath + SeriesCollection + "/{series}")
	_ = dataclass.Stored[Assistant](workspacePath + AssistantsCollection + "/{assistant}")
)

// Workspace returns the reference of a tenant's workspace.
func Workspace(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID) *firestore.DocumentRef {
	return db.Collection("tenants").Doc(string(t)).Collection("workspaces").Doc(string(w))
}

// Decode reads a record from its document. For a document that does not exist,
// it returns the zero value. A run is different: use DecodeRun.
func Decode[T grant.Grant | issue.Issue | issue.Check | issue.Record | sli.SLI | sli.Series | Assistant](doc *firestore.DocumentSnapshot) (T, error) {
	var value T
	if !doc.Exists() {
		return value, nil
	}
	if err := doc.DataTo(&value); err != nil {
		return value, fmt.Errorf("read %T: %w", value, err)
	}
	return value, nil
}

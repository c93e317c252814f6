package tenant

import (
	"errors"
	"time"
)

// ErrNotFound is the error of whoever keeps the records: there is no such tenant.
var ErrNotFound = errors.New("no such tenant")

// State says whether a tenant may be served. The zero State serves nobody.
type State string

// The states of a tenant.
const (
	Active    State = "active"
	Suspended State = "suspended"
)

// Record is what the platform knows of a tenant. Names are recorded, not
// derived, so that a tenant can bring its own bucket, live in another project
// or location, or have a database of its own.
type Record struct {
	ID             ID      `firestore:"id"`
	State          State   `firestore:"state"`
	ProjectID      string  `firestore:"projectId"`      // project of the tenant's resources
	Location       string  `firestore:"location"`       // of its buckets and key, e.g. europe-west3
	OutputsBucket  string  `firestore:"outputsBucket"`  // bucket name, without gs://
	ExportsBucket  string  `firestore:"exportsBucket"`  // bucket name, without gs://
	AuditBucket    string  `firestore:"auditBucket"`    // bucket name, without gs://; under the platform's audit key
	KeyName        string  `firestore:"keyName"`        // projects/…/cryptoKeys/…
	SigningAccount string  `firestore:"signingAccount"` // email of the account that signs upload URLs
	SigningKeyName string  `firestore:"signingKeyName"` // projects/…/cryptoKeyVersions/…; empty: IAM signBlob signs
	DatabaseID     string  `firestore:"databaseId"`     // Firestore database; empty: (default)
	Trust          []Trust `firestore:"trust"`
	Limits         Limits  `firestore:"limits"`
}

// Limits bounds what a tenant may do. A zero field takes the platform's default.
type Limits struct {
	UploadLifetime time.Duration `firestore:"uploadLifetime"` // of a signed URL, at most 15 minutes; zero: 15 minutes
}

// Trust is one issuer of identities that a tenant accepts.
type Trust struct {
	Issuer  string `firestore:"issuer"`  // exact `iss`
	JWKS    string `firestore:"jwks"`    // inline JSON Web Key Set (RFC 7517); wins over JWKSURL
	JWKSURL string `firestore:"jwksUrl"` // https, public addresses only
	Rules   []Rule `firestore:"rules"`   // the first that matches decides
}

// Rule turns verified claims into a role. All its claims must match exactly;
// a rule without claims matches nothing.
type Rule struct {
	Claims     map[string]string `firestore:"claims"`     // claim name, or path with dots ("kubernetes.io.namespace" is tried as a name first), to its exact value
	Role       Role              `firestore:"role"`       //
	Workspaces []WorkspaceID     `firestore:"workspaces"` // of a runner: where it may put in; others: see Role
}

// Role is what a principal is to its tenant. The zero Role may do nothing.
type Role string

// The roles. A runner puts in and never takes out; a viewer reads the
// workspaces it is a member of; an auditor reads every workspace of the tenant;
// an admin does that and changes the tenant's settings; platform staff operate
// the platform and see no tenant's data.
const (
	Runner   Role = "runner"
	Viewer   Role = "viewer"
	Auditor  Role = "auditor"
	Admin    Role = "admin"
	Platform Role = "platform"
)

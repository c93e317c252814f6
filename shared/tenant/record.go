package tenant

import (
	"errors"
	"time"
)

// ErrNotFound is the error of a lookup that finds no tenant.
var ErrNotFound = errors.New("no such tenant")

// State says whether requests of a tenant are served. With the zero State, none
// are.
type State string

// The states of a tenant.
const (
	Active    State = "active"
	Suspended State = "suspended"

	// Offboarding: the tenant leaves. It can read and export everything, and write nothing.
	// Only the API sets it; see Settings.
	Offboarding State = "offboarding"
)

// Record is the platform's record of a tenant. Names are recorded and not derived,
// so a tenant can bring its own bucket, be in another project or location, or have
// its own database.
type Record struct {
	ID             ID      `firestore:"id" class:"operational"`
	State          State   `firestore:"state" class:"operational"`
	ProjectID      string  `firestore:"projectId" class:"operational"`      // project of the tenant's resources
	Location       string  `firestore:"location" class:"operational"`       // of its buckets and key, e.g. europe-west3
	OutputsBucket  string  `firestore:"outputsBucket" class:"operational"`  // bucket name, without gs://
	ExportsBucket  string  `firestore:"exportsBucket" class:"operational"`  // bucket name, without gs://
	ConfigsBucket  string  `firestore:"configsBucket" class:"operational"`  // bucket name, without gs://
	AuditBucket    string  `firestore:"auditBucket" class:"operational"`    // bucket name, without gs://; under the platform's audit key
	AuditTopic     string  `firestore:"auditTopic" class:"operational"`     // projects/…/topics/… of the tenant, which receives its audit log; empty: none
	KeyName        string  `firestore:"keyName" class:"operational"`        // projects/…/cryptoKeys/…
	SigningAccount string  `firestore:"signingAccount" class:"operational"` // email of the account that signs upload URLs
	SigningKeyName string  `firestore:"signingKeyName" class:"operational"` // projects/…/cryptoKeyVersions/…; empty: IAM signBlob signs
	DatabaseID     string  `firestore:"databaseId" class:"operational"`     // Firestore database; empty: (default)
	Trust          []Trust `firestore:"trust"`
	Limits         Limits  `firestore:"limits"`

	Quotas          Quotas `firestore:"quotas"`          // of the tenant
	WorkspaceQuotas Quotas `firestore:"workspaceQuotas"` // of each workspace; zero: only those of the tenant apply

	Retention Retention `firestore:"retention"` // what is deleted, and when

	EarlierOutputsBuckets []string `firestore:"earlierOutputsBuckets" class:"operational"` // earlier outputs buckets, oldest first: a run stays in the bucket in which it began
	EarlierExportsBuckets []string `firestore:"earlierExportsBuckets" class:"operational"` // earlier exports buckets, oldest first: an export stays in the bucket in which it began
	StorageKeyName        string   `firestore:"storageKeyName" class:"operational"`        // projects/…/cryptoKeys/… of the customer that encrypts the customer's buckets; empty: keyName does
	CustomerBuckets       []string `firestore:"customerBuckets" class:"operational"`       // those of the buckets that are in the customer's project; see IsCustomers

	Configs ConfigRules `firestore:"configs"`

	Model ModelEndpoint `firestore:"model"` // the tenant's own language model; the zero value: none

	Clients []string `firestore:"clients" class:"operational"` // ClientKey of each client ID in Trust, by which a token's tenant is found

	Witnesses []string `firestore:"witnesses" class:"configuration"` // verifier keys of the witnesses of the audit log, at most MaxWitnesses; see Witness
}

// Limits holds a tenant's limits. A zero field means the platform's default.
type Limits struct {
	UploadLifetime time.Duration `firestore:"uploadLifetime" class:"configuration"` // of a signed URL, at most 15 minutes; zero: 15 minutes

	ModelSendsPerHour int64         `firestore:"modelSendsPerHour" class:"configuration"` // requests to a language model, for each feature and hour; zero: 60
	ModelTokensPerDay int64         `firestore:"modelTokensPerDay" class:"configuration"` // tokens sent and received, for each feature and day (UTC); zero: 1,000,000
	KeepModelRequests time.Duration `firestore:"keepModelRequests" class:"configuration"` // how long the exact request to a language model can be shown, at most 90 days; zero: it is not stored
}

// ConfigRules say what a push of a configuration needs in addition to its review. With the
// zero value, a push takes effect at once if a person has reviewed it.
type ConfigRules struct {
	HoldPushes      bool `firestore:"holdPushes" class:"configuration"`      // every push waits until an admin approves it
	PipelineReviews bool `firestore:"pipelineReviews" class:"configuration"` // the review of a pipeline counts like that of a person; false: the push waits until an admin approves it
}

// Trust describes one issuer whose tokens a tenant accepts.
type Trust struct {
	Issuer  string `firestore:"issuer" class:"configuration"`  // exact `iss`
	JWKS    string `firestore:"jwks" class:"configuration"`    // inline JSON Web Key Set (RFC 7517); if set, JWKSURL is ignored
	JWKSURL string `firestore:"jwksUrl" class:"configuration"` // https, public addresses only
	Rules   []Rule `firestore:"rules"`                         // the first rule that matches applies

	// ClientIDs are the client IDs of the console at this issuer. An ID token whose
	// only audience is one of them is accepted like one whose audience is the
	// tenant's. The pair of an issuer and a client ID belongs to one tenant.
	ClientIDs []string `firestore:"clientIds" class:"configuration"`
}

// Rule assigns a role to a token. All its claims must match exactly. A rule without
// claims matches nothing.
type Rule struct {
	Claims     map[string]string `firestore:"claims" class:"configuration"` // exact values by claim name, or by path with dots ("kubernetes.io.namespace"); a name takes precedence over a path
	Role       Role              `firestore:"role" class:"configuration"`
	Workspaces []WorkspaceID     `firestore:"workspaces" class:"configuration"` // in which a runner or a builder may write; unused for other roles
	ShareRuns  bool              `firestore:"shareRuns" class:"configuration"`  // the rule's runners may change each other's runs; false: a run belongs to the identity that began it
	Pipeline   bool              `firestore:"pipeline" class:"configuration"`   // the rule's tokens belong to a program and not to a person; for builders and admins

	AddedID string `firestore:"-"` // ID of the AddedRule; empty: a rule of Terraform
}

// Role says what a principal may do. The zero Role may do nothing.
type Role string

// The roles.
const (
	Runner   Role = "runner"   // writes to its workspaces and reads nothing back
	Builder  Role = "builder"  // reviews and pushes the configurations of its workspaces
	Viewer   Role = "viewer"   // reads the workspaces that it is a member of
	Auditor  Role = "auditor"  // reads every workspace of the tenant
	Admin    Role = "admin"    // reads every workspace and changes the tenant's settings
	Platform Role = "platform" // operates the platform and sees no tenant's data
)

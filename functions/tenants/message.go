package tenants

import "time"

type tenantResponse struct{ Body TenantBody }

// TenantBody is the record of a tenant, and its key as it is now.
type TenantBody struct {
	ID             string `json:"id" class:"operational"`
	State          string `json:"state" class:"operational" enum:"active,suspended,offboarding" doc:"The state in effect"`
	ProjectID      string `json:"projectId" class:"operational" doc:"Project of the tenant's resources"`
	Location       string `json:"location" class:"operational" doc:"Of its buckets and its key"`
	OutputsBucket  string `json:"outputsBucket" class:"operational"`
	ExportsBucket  string `json:"exportsBucket" class:"operational"`
	ConfigsBucket  string `json:"configsBucket" class:"operational"`
	AuditBucket    string `json:"auditBucket" class:"operational" doc:"Under the platform's audit key"`
	AuditTopic     string `json:"auditTopic,omitempty" class:"operational" doc:"Topic that receives the audit log, if there is one"`
	SigningAccount string `json:"signingAccount" class:"operational" doc:"Account that signs upload URLs"`

	Change *StateChangeBody `json:"change,omitempty" doc:"The last change of the state with the API"`

	Role        string           `json:"role" class:"operational" enum:"auditor,admin" doc:"Of the caller: an auditor changes nothing"`
	Offboarding *OffboardingBody `json:"offboarding,omitempty" doc:"Only if an admin has asked for it, or it has begun"`

	SignIn []SignInBody `json:"signIn" doc:"OpenID settings of those who sign in to the console or with the command line"`

	Limits LimitsBody  `json:"limits"`
	Quotas []QuotaBody `json:"quotas,omitempty" doc:"What the tenant may do in a day or a minute, with the platform's defaults; only from GET /v1/tenant"`
	Key    KeyBody     `json:"key"`
	Owners []OwnerBody `json:"owners" doc:"Who may change what"`
	Drift  []DriftBody `json:"drift" doc:"Where the resources differ from what was asked for"`
}

// SignInBody is an issuer at which people sign in. The console discovers the addresses of the
// issuer itself, and the secrets of its clients are not in the record.
type SignInBody struct {
	Issuer    string   `json:"issuer" class:"configuration" doc:"Exact iss; its OpenID settings are below /.well-known"`
	ClientIDs []string `json:"clientIds" class:"configuration" doc:"Of the console and of the command line at this issuer"`
}

// LimitsBody has the limits of a tenant. Zero means the platform's default.
type LimitsBody struct {
	UploadLifetimeSeconds int64 `json:"uploadLifetimeSeconds" class:"configuration" doc:"Of a signed URL; 0: 900"`
	ModelSendsPerHour     int64 `json:"modelSendsPerHour" class:"configuration" doc:"Requests to a language model, for each feature and hour; 0: 60"`
	ModelTokensPerDay     int64 `json:"modelTokensPerDay" class:"configuration" doc:"Tokens sent and received, for each feature and day; 0: 1,000,000"`
	KeepModelRequestsDays int64 `json:"keepModelRequestsDays" class:"configuration" doc:"How long the exact request to a language model can be shown; 0: it is not stored"`
}

// KeyBody is the tenant's key, as Cloud KMS answered at the time Measured.
type KeyBody struct {
	Name     string        `json:"name" class:"operational" doc:"projects/…/cryptoKeys/…"`
	State    KeyState      `json:"state" class:"operational" enum:"active,testing,test_failed,revoking,revoked,destroyed"`
	Problem  string        `json:"problem,omitempty" class:"operational" doc:"Why the state is not active, and what to do"`
	Measured time.Time     `json:"measured" class:"operational"`
	Encrypts bool          `json:"encrypts" class:"operational" doc:"A trial encryption succeeded"`
	Decrypts bool          `json:"decrypts" class:"operational" doc:"A trial decryption succeeded"`
	Versions []VersionBody `json:"versions" doc:"Oldest first, at most 100; empty if the platform may not list them"`
	Roles    int           `json:"roles" class:"operational" doc:"How many roles on the key let an account use it"`
	Change   *ChangeBody   `json:"change,omitempty" doc:"The last change with this API"`
	Seen     []SeenBody    `json:"seen,omitempty" doc:"When each function last saw the key; only from GET /v1/tenant"`
	Rights   []RightBody   `json:"rights" doc:"What the platform can do with the key, and who can do the rest"`

	Destruction *DestructionBody `json:"destruction,omitempty" doc:"A request to destroy the key that waits for its confirmation"`
}

// DestructionBody is a request to destroy the key.
type DestructionBody struct {
	ID         string    `json:"id" class:"operational" doc:"Confirm the request with it"`
	Requested  time.Time `json:"requested" class:"operational"`
	AloneAfter time.Time `json:"aloneAfter" class:"operational" doc:"From then on, every admin can confirm it, also the one who made it"`
	Expires    time.Time `json:"expires" class:"operational" doc:"After that, nobody can confirm it"`
}

// VersionBody is one version of the key.
type VersionBody struct {
	Version   string     `json:"version" class:"operational" doc:"Its number"`
	State     string     `json:"state" class:"operational" doc:"As Cloud KMS names it, such as ENABLED"`
	Primary   bool       `json:"primary" class:"operational" doc:"It encrypts from now on"`
	Failed    bool       `json:"failed,omitempty" class:"operational" doc:"The trial with this version failed; only from the test"`
	Created   time.Time  `json:"created" class:"operational"`
	DestroyAt *time.Time `json:"destroyAt,omitempty" class:"operational" doc:"When Cloud KMS erases it"`
}

// ChangeBody is the last change of the key.
type ChangeBody struct {
	Action    string     `json:"action" class:"operational" doc:"As the audit log names it"`
	Entry     string     `json:"entry" class:"operational" doc:"Entry of the audit log that is from before the change"`
	Requested time.Time  `json:"requested" class:"operational"`
	Effective *time.Time `json:"effective,omitempty" class:"operational" doc:"When a trial first found that the change has taken effect"`
	CachedTo  *time.Time `json:"cachedTo,omitempty" class:"operational" doc:"After a disabled key has taken effect: until when a process can have data keys in memory"`
}

// SeenBody is the last use of the key for the tenant's data keys by one function, in any of its processes.
type SeenBody struct {
	Function string    `json:"function" class:"operational" doc:"Entry point of the function"`
	At       time.Time `json:"at" class:"operational" doc:"When Cloud KMS unwrapped a data key for it; up to five minutes older than the last time"`
	CachedTo time.Time `json:"cachedTo" class:"operational" doc:"Until then, a process of the function can have the data key in memory, if it did not see the key again"`
}

// RightBody says who can perform an action.
type RightBody struct {
	Action   string `json:"action" class:"operational" doc:"test, rotate, disable, enable or destroy"`
	Platform bool   `json:"platform" class:"operational" doc:"This API can do it"`
	Who      string `json:"who,omitempty" class:"operational" doc:"Who can do it instead, and how"`
}

// OwnerBody says who may change a field.
type OwnerBody struct {
	Field string `json:"field" class:"operational"`
	Owner string `json:"owner" class:"operational" enum:"terraform,api,customer"`
}

// DriftBody is one difference.
type DriftBody struct {
	Field   string `json:"field" class:"operational"`
	Message string `json:"message" class:"operational"`
}

package dataclass

// Class says what a piece of data is. The zero Class labels nothing.
type Class string

// The classes. Rules has one rule for each.
//
// The first four are the classes of the product: a consent or an export names
// one of them. The others exist because the rules differ. Text is the part of
// Metadata that must be sealed. Operational data is what the platform itself
// needs to find, count and deliver the rest, so it is allowed where tenants'
// content is not, such as in a message. Audit data is under another key and
// outlives the tenant. Secrets give access, so almost no place may have them.
const (
	Public        Class = "public"        // published by its author for everybody
	Configuration Class = "configuration" // what a tenant sets: objectives, assistants, trust
	Output        Class = "output"        // the bytes that a task wrote
	Metadata      Class = "metadata"      // what is known about runs: names, states, times, numbers, findings
	Text          Class = "text"          // the free text of metadata: titles, details, steps, lines
	Operational   Class = "operational"   // references, codes, times and counts of the platform's own work
	Audit         Class = "audit"         // who did what
	Secret        Class = "secret"        // a signed URL, a token or a key
)

// Place is where data can be.
type Place string

// The places. A parameter is the path, the query or a header of a request: the
// load balancer logs URLs, so a parameter is visible to the platform's staff.
const (
	TenantDocument   Place = "tenant-document"   // Firestore, below tenants/{tenant}
	PlatformDocument Place = "platform-document" // Firestore, anywhere else, and the tenants' own records
	OutputsBucket    Place = "outputs-bucket"    // an object in the tenant's outputs bucket
	ConfigsBucket    Place = "configs-bucket"    // git packs in the tenant's bucket of configurations, under the tenant's key
	ExportsBucket    Place = "exports-bucket"    // a file in the tenant's exports bucket, under the tenant's key
	AuditBucket      Place = "audit-bucket"      // an object in the audit bucket of a tenant or of the platform, under the audit key
	CodeBucket       Place = "code-bucket"       // an archive of a function
	Message          Place = "message"           // Pub/Sub
	TenantTopic      Place = "tenant-topic"      // a message to the Pub/Sub topic of the tenant's own that receives its audit log
	Parameter        Place = "parameter"         // of an API request
	Request          Place = "request"           // the body of an API request
	Response         Place = "response"          // the body of an API response
	ModelPayload     Place = "model-payload"     // a request to a language model
)

// Key is what encrypts data where it is stored.
type Key string

// The keys.
const (
	DatabaseKey Key = "database" // the platform's KMS key for the whole Firestore database
	TenantKey   Key = "tenant"   // the tenant's KMS key
	AuditKey    Key = "audit"    // the platform's KMS key for audit logs
)

// Consent is one party's opt-in to send a class of data to a model.
type Consent string

// The parties.
const (
	TenantAdmin  Consent = "tenant-admin"
	PlatformTeam Consent = "platform-team"
)

// Model says whether a class may reach a language model. The zero Model forbids
// it.
type Model struct {
	Allowed  bool
	Consents []Consent // all must be in effect when the data is sent; none: no consent is needed
}

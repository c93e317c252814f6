package dataclass

import "slices"

// Location is a place of the product, with the classes of the data that is there. How a
// class is there, plain or sealed, follows from Class.In.
type Location struct {
	Place   Place   // kind of location
	Name    string  // path of a collection's documents, or the name of a bucket, topic, table or feature
	What    string  // what the data is, for people
	Classes []Class // sorted
}

// Locations returns every location where the product stores data, or to which it sends
// data. Tests compare them with the types that are stored and sent, and with
// the buckets and topics of infra. It returns a copy.
func Locations() []Location {
	return slices.Concat(tenantDocuments, platformDocuments, buckets, topics, exportTables, modelPayloads)
}

const workspaceDocument = "tenants/{tenant}/workspaces/{workspace}/"

var tenantDocuments = []Location{
	{Place: TenantDocument, Name: "tenants/{tenant}/audit/{entry}", What: "audit entries, until and after they are in the log", Classes: []Class{Audit, Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/auditCosignatures/{witness}", What: "newest cosignature of each witness", Classes: []Class{Configuration, Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/auditDelivery/state", What: "how far the audit log is delivered", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/auditTrees/tree", What: "newest checkpoint of the audit log", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/consentEnds/{half}", What: "halves of consents that were withdrawn or replaced", Classes: []Class{Metadata, Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/consentHalves/{half}", What: "every half of a consent that was given, signed", Classes: []Class{Metadata, Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/consentTexts/{text}", What: "every text that was agreed to", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/consents/{consent}", What: "the newest halves of each consent, signed", Classes: []Class{Metadata, Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/deks/{epoch}", What: "data keys, wrapped by the tenant's key", Classes: []Class{Operational, Secret}},
	{Place: TenantDocument, Name: "tenants/{tenant}/exports/{export}", What: "exports", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/exports/{export}/parts/{part}", What: "parts of exports", Classes: []Class{Metadata, Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/exportSchedules/{schedule}", What: "schedules of exports", Classes: []Class{Configuration, Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/key/state", What: "the last change of the tenant's key, in the directory", Classes: []Class{Configuration, Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/settings/api", What: "what the API has changed about the tenant, and its rules of trust, in the directory", Classes: []Class{Configuration, Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/offboarding/state", What: "how far the offboarding is", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/offboarding/{certificate}", What: "certificates of the offboarding", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/holds/{hold}", What: "a legal hold, in the directory", Classes: []Class{Configuration, Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/holdPasses/state", What: "how far the objects under legal holds are marked", Classes: []Class{Metadata, Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/macs/{epoch}", What: "keys that derive the IDs of issues, wrapped by the tenant's key", Classes: []Class{Operational, Secret}},
	{Place: TenantDocument, Name: "tenants/{tenant}/modelRequests/{send}", What: "exact requests to models, if the tenant keeps them", Classes: []Class{Operational, Text}},
	{Place: TenantDocument, Name: "tenants/{tenant}/modelSends/{send}", What: "the ledger of requests to models", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/modelSpend/{feature}", What: "what each feature has used of its limits", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/usage/{day}", What: "how much of each quota was used in a day", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/requestMinutes/{minute}", What: "how much of the quota of requests was used in a minute", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/outbox/{entry}", What: "events that are not published yet, and events of runs that are not folded yet", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/quarantine/{object}", What: "objects that match no grant", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/reseals/{field}", What: "how far texts have moved to the newest data key", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/retentionDays/{day}", What: "how many documents were due for deletion in a day", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/retentionPasses/state", What: "how far what is due for deletion is marked", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/runIds/{run}", What: "which workspace has a run", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/storage/{verification}", What: "the last verification of the storage", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: "tenants/{tenant}/workspaces/{workspace}", What: "workspaces, in the directory", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: workspaceDocument + "assistants/{assistant}", What: "assistants and their settings", Classes: []Class{Configuration, Text}},
	{Place: TenantDocument, Name: workspaceDocument + "checks/{check}", What: "checks: a task on a resource", Classes: []Class{Metadata, Operational}},
	{Place: TenantDocument, Name: workspaceDocument + "configElements/{part}", What: "what the files of a configuration say, encrypted by the application", Classes: []Class{Configuration, Operational}},
	{Place: TenantDocument, Name: workspaceDocument + "configGraphs/{graph}", What: "which SLXs and files of tasks a configuration has, encrypted by the application", Classes: []Class{Configuration, Operational}},
	{Place: TenantDocument, Name: workspaceDocument + "configPages/{page}", What: "SLXs of a configuration, encrypted by the application", Classes: []Class{Configuration, Operational}},
	{Place: TenantDocument, Name: workspaceDocument + "configHolds/{review}", What: "pushes of configurations that wait for an admin, or did", Classes: []Class{Configuration, Operational, Secret}},
	{Place: TenantDocument, Name: workspaceDocument + "configReviews/{review}", What: "reviews of configurations", Classes: []Class{Configuration, Operational, Text}},
	{Place: TenantDocument, Name: workspaceDocument + "configs/{config}", What: "which commit and packs a workspace's configuration has", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: workspaceDocument + "grants/{grant}", What: "permissions to write a part of an output", Classes: []Class{Metadata, Operational}},
	{Place: TenantDocument, Name: workspaceDocument + "issues/{issue}", What: "issues", Classes: []Class{Metadata, Operational, Text}},
	{Place: TenantDocument, Name: workspaceDocument + "members/{member}", What: "members of a workspace, in the directory", Classes: []Class{Configuration, Operational}},
	{Place: TenantDocument, Name: workspaceDocument + "runs/{run}", What: "runs", Classes: []Class{Metadata, Operational}},
	{Place: TenantDocument, Name: workspaceDocument + "runs/{run}/outputIndexes/{index}", What: "sizes and line counts of the parts of outputs", Classes: []Class{Operational}},
	{Place: TenantDocument, Name: workspaceDocument + "runs/{run}/sightings/{number}", What: "what runs reported of issues", Classes: []Class{Metadata, Operational, Text}},
	{Place: TenantDocument, Name: workspaceDocument + "series/{series}", What: "samples of SLIs", Classes: []Class{Metadata, Operational}},
	{Place: TenantDocument, Name: workspaceDocument + "slis/{sli}", What: "SLIs, their objectives and their health", Classes: []Class{Configuration, Metadata, Operational}},
	{Place: TenantDocument, Name: workspaceDocument + "views/{view}", What: "views of outputs, and how much they read", Classes: []Class{Metadata, Operational}},
}

var platformDocuments = []Location{
	{Place: PlatformDocument, Name: "catalog/{task}", What: "the public catalog of tasks", Classes: []Class{Public}},
	{Place: PlatformDocument, Name: "platform/audit/audit/{entry}", What: "audit entries of the platform", Classes: []Class{Audit, Operational}},
	{Place: PlatformDocument, Name: "platform/audit/auditTrees/tree", What: "newest checkpoint of the platform's audit log", Classes: []Class{Operational}},
	{Place: PlatformDocument, Name: "platform/catalog", What: "version of the catalog", Classes: []Class{Operational}},
	{Place: PlatformDocument, Name: "platform/models/sends/{send}", What: "the ledger of requests to models with public data", Classes: []Class{Operational}},
	{Place: PlatformDocument, Name: "platform/models/spend/{feature}", What: "what each feature with public data has used of its limits", Classes: []Class{Operational}},
	{Place: PlatformDocument, Name: "platform/staff", What: "who is staff, in the directory", Classes: []Class{Configuration}},
	{Place: PlatformDocument, Name: "quarantine/{record}", What: "messages that were permanently rejected", Classes: []Class{Operational}},
	{Place: PlatformDocument, Name: "tenants/{tenant}", What: "tenants' records, in the directory", Classes: []Class{Configuration, Operational}},
}

// The buckets, as infra names them: module and resource.
var buckets = []Location{
	{Place: OutputsBucket, Name: "tenant/outputs", What: "parts of outputs, one object each", Classes: []Class{Output}},
	{Place: OutputsBucket, Name: "storage/outputs", What: "the same, in the project and under the key of a customer who brings the storage", Classes: []Class{Output}},
	{Place: ExportsBucket, Name: "tenant/exports", What: "exports: the tables below, copies of parts of outputs, bundles of configurations, manifests and lists", Classes: []Class{Audit, Configuration, Metadata, Operational, Output, Text}},
	{Place: ConfigsBucket, Name: "tenant/configs", What: "the configurations of workspaces, as git packs", Classes: []Class{Configuration}},
	{Place: AuditBucket, Name: "tenant/audit", What: "the tenant's audit log: entries, tiles and checkpoints, under the platform's audit key", Classes: []Class{Audit}},
	{Place: AuditBucket, Name: "platform/audit", What: "the platform's audit log: entries, tiles and checkpoints, under the platform's audit key", Classes: []Class{Audit}},
	{Place: CodeBucket, Name: "platform/code", What: "the archives of the functions, which are public source", Classes: []Class{Public}},
}

var topics = []Location{
	{Place: Message, Name: "config-events", What: "configurations of which another commit is in effect", Classes: []Class{Operational}},
	{Place: Message, Name: "export-parts", What: "parts of exports to write", Classes: []Class{Operational}},
	{Place: Message, Name: "object-events", What: "notifications of Cloud Storage: names, sizes and checksums of objects", Classes: []Class{Operational}},
	{Place: Message, Name: "run-events", What: "runs that ended", Classes: []Class{Operational}},
	{Place: TenantTopic, Name: TenantTopicPath, What: "audit entries, in the tenant's own project", Classes: []Class{Audit, Operational}},
}

// The tables of exports: see package export.
var exportTables = []Location{
	{Place: ExportsBucket, Name: "storage/exports", What: "the same as tenant/exports, in the project and under the key of a customer who brings the storage", Classes: []Class{Audit, Configuration, Metadata, Operational, Output, Text}},
	{Place: ExportsBucket, Name: "assistants", What: "rows of assistants", Classes: []Class{Configuration, Operational, Text}},
	{Place: ExportsBucket, Name: "audit", What: "rows of audit entries", Classes: []Class{Audit}},
	{Place: ExportsBucket, Name: "configreviews", What: "rows of reviews of configurations", Classes: []Class{Configuration, Operational, Text}},
	{Place: ExportsBucket, Name: "configs", What: "rows of configurations", Classes: []Class{Operational}},
	{Place: ExportsBucket, Name: "grants", What: "rows of the inventory: one for each part", Classes: []Class{Metadata, Operational}},
	{Place: ExportsBucket, Name: "issues", What: "rows of issues", Classes: []Class{Metadata, Operational, Text}},
	{Place: ExportsBucket, Name: "outputparts", What: "rows of the parts of outputs, with their state", Classes: []Class{Metadata, Operational}},
	{Place: ExportsBucket, Name: "runs", What: "rows of runs", Classes: []Class{Metadata, Operational}},
	{Place: ExportsBucket, Name: "samples", What: "rows of samples", Classes: []Class{Metadata, Operational}},
	{Place: ExportsBucket, Name: "sightings", What: "rows of sightings", Classes: []Class{Metadata, Operational, Text}},
	{Place: ExportsBucket, Name: "slis", What: "rows of SLIs", Classes: []Class{Configuration, Metadata, Operational}},
}

// The features that send data to a language model: see package prompt. The destination is
// the tenant's own model, or the platform's.
var modelPayloads = []Location{
	{Place: ModelPayload, Name: "enrich-catalog", What: "a task of the public catalog, with its code, to the platform's model", Classes: []Class{Public}},
	{Place: ModelPayload, Name: "explain-issue", What: "an issue with its texts, suggested tasks and runs, to the model that was agreed to", Classes: []Class{Metadata, Operational, Text}},
	{Place: ModelPayload, Name: "rank-next-tasks", What: "names of tasks of the public catalog, to the model that was agreed to", Classes: []Class{Public}},
	{Place: ModelPayload, Name: "summarise-workspace", What: "titles of issues, SLIs and suggested tasks, to the model that was agreed to", Classes: []Class{Metadata, Operational, Text}},
}

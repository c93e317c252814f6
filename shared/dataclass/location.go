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
	{TenantDocument, "tenants/{tenant}/audit/{entry}", "audit entries, until and after they are in the log", []Class{Audit, Operational}},
	{TenantDocument, "tenants/{tenant}/auditCosignatures/{witness}", "newest cosignature of each witness", []Class{Configuration, Operational}},
	{TenantDocument, "tenants/{tenant}/auditDelivery/state", "how far the audit log is delivered", []Class{Operational}},
	{TenantDocument, "tenants/{tenant}/auditTrees/tree", "newest checkpoint of the audit log", []Class{Operational}},
	{TenantDocument, "tenants/{tenant}/consentEnds/{half}", "halves of consents that were withdrawn or replaced", []Class{Metadata, Operational}},
	{TenantDocument, "tenants/{tenant}/consentHalves/{half}", "every half of a consent that was given, signed", []Class{Metadata, Operational}},
	{TenantDocument, "tenants/{tenant}/consentTexts/{text}", "every text that was agreed to", []Class{Operational}},
	{TenantDocument, "tenants/{tenant}/consents/{consent}", "the newest halves of each consent, signed", []Class{Metadata, Operational}},
	{TenantDocument, "tenants/{tenant}/deks/{epoch}", "data keys, wrapped by the tenant's key", []Class{Operational, Secret}},
	{TenantDocument, "tenants/{tenant}/exports/{export}", "exports", []Class{Operational}},
	{TenantDocument, "tenants/{tenant}/exports/{export}/parts/{part}", "parts of exports", []Class{Operational}},
	{TenantDocument, "tenants/{tenant}/exportSchedules/{schedule}", "schedules of exports", []Class{Configuration, Operational}},
	{TenantDocument, "tenants/{tenant}/macs/{epoch}", "keys that derive the IDs of issues, wrapped by the tenant's key", []Class{Operational, Secret}},
	{TenantDocument, "tenants/{tenant}/modelRequests/{send}", "exact requests to models, if the tenant keeps them", []Class{Operational, Text}},
	{TenantDocument, "tenants/{tenant}/modelSends/{send}", "the ledger of requests to models", []Class{Operational}},
	{TenantDocument, "tenants/{tenant}/modelSpend/{feature}", "what each feature has used of its limits", []Class{Operational}},
	{TenantDocument, "tenants/{tenant}/outbox/{entry}", "events that are not published yet", []Class{Operational}},
	{TenantDocument, "tenants/{tenant}/quarantine/{object}", "objects that match no grant", []Class{Operational}},
	{TenantDocument, "tenants/{tenant}/reseals/{field}", "how far texts have moved to the newest data key", []Class{Operational}},
	{TenantDocument, "tenants/{tenant}/runIds/{run}", "which workspace has a run", []Class{Operational}},
	{TenantDocument, "tenants/{tenant}/workspaces/{workspace}", "workspaces, in the directory", []Class{Operational}},
	{TenantDocument, workspaceDocument + "assistants/{assistant}", "assistants and their settings", []Class{Configuration, Text}},
	{TenantDocument, workspaceDocument + "checks/{check}", "checks: a task on a resource", []Class{Metadata, Operational}},
	{TenantDocument, workspaceDocument + "grants/{grant}", "permissions to write a part of an output", []Class{Operational}},
	{TenantDocument, workspaceDocument + "issues/{issue}", "issues", []Class{Metadata, Operational, Text}},
	{TenantDocument, workspaceDocument + "members/{member}", "members of a workspace, in the directory", []Class{Configuration}},
	{TenantDocument, workspaceDocument + "runs/{run}", "runs", []Class{Metadata, Operational}},
	{TenantDocument, workspaceDocument + "runs/{run}/sightings/{number}", "what runs reported of issues", []Class{Metadata, Operational, Text}},
	{TenantDocument, workspaceDocument + "series/{series}", "samples of SLIs", []Class{Metadata, Operational}},
	{TenantDocument, workspaceDocument + "slis/{sli}", "SLIs, their objectives and their health", []Class{Configuration, Metadata, Operational}},
}

var platformDocuments = []Location{
	{PlatformDocument, "catalog/{task}", "the public catalog of tasks", []Class{Public}},
	{PlatformDocument, "platform/audit/audit/{entry}", "audit entries of the platform", []Class{Audit, Operational}},
	{PlatformDocument, "platform/audit/auditTrees/tree", "newest checkpoint of the platform's audit log", []Class{Operational}},
	{PlatformDocument, "platform/catalog", "version of the catalog", []Class{Operational}},
	{PlatformDocument, "platform/models/sends/{send}", "the ledger of requests to models with public data", []Class{Operational}},
	{PlatformDocument, "platform/models/spend/{feature}", "what each feature with public data has used of its limits", []Class{Operational}},
	{PlatformDocument, "platform/staff", "who is staff, in the directory", []Class{Configuration}},
	{PlatformDocument, "quarantine/{record}", "messages that were permanently rejected", []Class{Operational}},
	{PlatformDocument, "tenants/{tenant}", "tenants' records, in the directory", []Class{Configuration, Operational}},
}

// The buckets, as infra names them: module and resource.
var buckets = []Location{
	{OutputsBucket, "tenant/outputs", "parts of outputs, one object each", []Class{Output}},
	{ExportsBucket, "tenant/exports", "exports: the tables below, manifests and lists", []Class{Audit, Configuration, Metadata, Operational, Text}},
	{AuditBucket, "tenant/audit", "the tenant's audit log: entries, tiles and checkpoints, under the platform's audit key", []Class{Audit}},
	{AuditBucket, "platform/audit", "the platform's audit log, likewise", []Class{Audit}},
	{CodeBucket, "platform/code", "the archives of the functions, which are public source", []Class{Public}},
}

var topics = []Location{
	{Message, "export-parts", "parts of exports to write", []Class{Operational}},
	{Message, "object-events", "notifications of Cloud Storage: names, sizes and checksums of objects", []Class{Operational}},
	{Message, "run-events", "runs that ended", []Class{Operational}},
	{TenantTopic, TenantTopicPath, "audit entries, in the tenant's own project", []Class{Audit, Operational}},
}

// The tables of exports: see package export.
var exportTables = []Location{
	{ExportsBucket, "assistants", "rows of assistants", []Class{Configuration, Operational, Text}},
	{ExportsBucket, "audit", "rows of audit entries", []Class{Audit}},
	{ExportsBucket, "grants", "rows of the inventory: one for each part", []Class{Operational}},
	{ExportsBucket, "issues", "rows of issues", []Class{Metadata, Operational, Text}},
	{ExportsBucket, "runs", "rows of runs", []Class{Metadata, Operational}},
	{ExportsBucket, "samples", "rows of samples", []Class{Metadata, Operational}},
	{ExportsBucket, "sightings", "rows of sightings", []Class{Metadata, Operational, Text}},
	{ExportsBucket, "slis", "rows of SLIs", []Class{Configuration, Metadata, Operational}},
}

// The features that send data to a language model: see package prompt. The destination is
// the tenant's own model, or the platform's.
var modelPayloads = []Location{
	{ModelPayload, "enrich-catalog", "a task of the public catalog, with its code, to the platform's model", []Class{Public}},
	{ModelPayload, "explain-issue", "an issue with its texts, suggested tasks and runs, to the model that was agreed to", []Class{Metadata, Operational, Text}},
	{ModelPayload, "rank-next-tasks", "names of tasks of the public catalog, to the model that was agreed to", []Class{Public}},
	{ModelPayload, "summarise-workspace", "titles of issues, SLIs and suggested tasks, to the model that was agreed to", []Class{Metadata, Operational, Text}},
}

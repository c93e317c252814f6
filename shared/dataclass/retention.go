package dataclass

import "strings"

// Retention says how long the documents of a location are kept.
type Retention struct {
	Field string // Firestore deletes a document some time after the time in this field; empty: it has none
	Kept  string // for people: until when, and why not shorter
}

// Collections in which one document replaces another do not grow.
const (
	replaced    = "until it is replaced, or until the tenant is offboarded; it does not grow with the number of runs"
	setting     = "for the tenant's `retention`: until the tenant is offboarded, if it is not set"
	evidence    = "until the tenant is offboarded: it proves what was agreed or done"
	untilStored = "until Terraform removes it"
)

// expireTime is the field of documents whose retention the tenant's settings say: package
// retention.
const expireTime = "expireTime"

// ExpiryFields returns the field after whose time Firestore deletes a document, by collection
// group.
func ExpiryFields() map[string]string {
	fields := map[string]string{}
	for name, r := range Retentions {
		if segments := strings.Split(name, "/"); r.Field != "" {
			fields[segments[len(segments)-2]] = r.Field
		}
	}
	return fields
}

// Retentions has each collection of documents, by the name of its location. A legal hold
// can only keep what expires if it can empty the field.
var Retentions = map[string]Retention{
	"tenants/{tenant}/audit/{entry}":                       {Field: expireTime, Kept: setting + ". The audit bucket has the same entries, for the retention of the audit log"},
	"tenants/{tenant}/auditCosignatures/{witness}":         {Kept: replaced},
	"tenants/{tenant}/auditDelivery/state":                 {Kept: replaced},
	"tenants/{tenant}/auditTrees/tree":                     {Kept: replaced},
	"tenants/{tenant}/consentEnds/{half}":                  {Kept: evidence},
	"tenants/{tenant}/consentHalves/{half}":                {Kept: evidence},
	"tenants/{tenant}/consentTexts/{text}":                 {Kept: evidence},
	"tenants/{tenant}/consents/{consent}":                  {Kept: replaced},
	"tenants/{tenant}/deks/{epoch}":                        {Kept: "as long as values that it sealed"},
	"tenants/{tenant}/exports/{export}":                    {Field: expireTime, Kept: setting},
	"tenants/{tenant}/exports/{export}/parts/{part}":       {Field: expireTime, Kept: setting},
	"tenants/{tenant}/exportSchedules/{schedule}":          {Kept: replaced},
	"tenants/{tenant}/key/state":                           {Kept: replaced},
	"tenants/{tenant}/macs/{epoch}":                        {Kept: "as long as IDs that it derived"},
	"tenants/{tenant}/modelRequests/{send}":                {Field: "until", Kept: "for the tenant's `keep_requests_days`, at most 90 days"},
	"tenants/{tenant}/modelSends/{send}":                   {Kept: evidence},
	"tenants/{tenant}/modelSpend/{feature}":                {Kept: replaced},
	"tenants/{tenant}/usage/{day}":                         {Field: "expires", Kept: "for 400 days"},
	"tenants/{tenant}/requestMinutes/{minute}":             {Field: "expires", Kept: "for an hour; the day has the same requests"},
	"tenants/{tenant}/outbox/{entry}":                      {Field: "expires", Kept: "for a day after it is published"},
	"tenants/{tenant}/quarantine/{object}":                 {Field: "expires", Kept: "for a day after it is replayed; until the tenant is offboarded otherwise"},
	"tenants/{tenant}/reseals/{field}":                     {Kept: replaced},
	"tenants/{tenant}/runIds/{run}":                        {Kept: "until the tenant is offboarded: the ID of a run is never used again"},
	"tenants/{tenant}/storage/{verification}":              {Kept: replaced},
	"tenants/{tenant}/holds/{hold}":                        {Kept: "until it is lifted"},
	"tenants/{tenant}/holdPasses/state":                    {Kept: replaced},
	"tenants/{tenant}/offboarding/state":                   {Kept: "after the offboarding: it proves what was done"},
	"tenants/{tenant}/offboarding/{certificate}":           {Kept: "after the offboarding: it proves what was done"},
	"tenants/{tenant}/retentionDays/{day}":                 {Kept: "until the tenant is offboarded: it says what was deleted; one small document a day"},
	"tenants/{tenant}/retentionPasses/state":               {Kept: replaced},
	"tenants/{tenant}/settings/api":                        {Kept: replaced},
	"tenants/{tenant}/workspaces/{workspace}":              {Kept: untilStored},
	workspaceDocument + "assistants/{assistant}":           {Kept: replaced},
	workspaceDocument + "checks/{check}":                   {Kept: replaced},
	workspaceDocument + "configElements/{part}":            {Field: "expires", Kept: "for a day after another commit is in effect"},
	workspaceDocument + "configGraphs/{graph}":             {Kept: replaced},
	workspaceDocument + "configPages/{page}":               {Field: "expires", Kept: "for a day after another commit is in effect"},
	workspaceDocument + "configHolds/{review}":             {Kept: evidence},
	workspaceDocument + "configReviews/{review}":           {Kept: evidence},
	workspaceDocument + "configs/{config}":                 {Kept: replaced},
	workspaceDocument + "grants/{grant}":                   {Field: expireTime, Kept: setting},
	workspaceDocument + "issues/{issue}":                   {Field: expireTime, Kept: setting},
	workspaceDocument + "members/{member}":                 {Kept: untilStored},
	workspaceDocument + "runs/{run}":                       {Field: expireTime, Kept: setting},
	workspaceDocument + "runs/{run}/outputIndexes/{index}": {Field: expireTime, Kept: setting},
	workspaceDocument + "runs/{run}/sightings/{number}":    {Field: expireTime, Kept: setting},
	workspaceDocument + "series/{series}":                  {Field: expireTime, Kept: setting},
	workspaceDocument + "slis/{sli}":                       {Kept: replaced},
	workspaceDocument + "views/{view}":                     {Kept: evidence},

	"catalog/{task}":                  {Kept: "until a newer edition of its source no longer has it"},
	"platform/audit/audit/{entry}":    {Kept: "as long as the platform: listings and proofs read it"},
	"platform/audit/auditTrees/tree":  {Kept: replaced},
	"platform/catalog":                {Kept: replaced},
	"platform/models/sends/{send}":    {Kept: "as long as the platform: it proves what was sent"},
	"platform/models/spend/{feature}": {Kept: replaced},
	"platform/staff":                  {Kept: untilStored},
	"quarantine/{record}":             {Field: "expires", Kept: "for a day after it is replayed; as long as the platform otherwise"},
	"tenants/{tenant}":                {Kept: untilStored},
}

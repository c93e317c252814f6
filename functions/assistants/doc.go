// Package assistants answers questions of people and chat programs about a workspace:
// its issues, the health of its SLIs, and which task to run next. It is deployed as
// assistants.
//
// # Methods
//
//	POST /v1/workspaces/{workspace}/issues/search               viewer, auditor, admin
//	GET  /v1/workspaces/{workspace}/issues/{issue}              viewer, auditor, admin
//	POST /v1/workspaces/{workspace}/issues/{issue}/investigate  viewer, admin
//	POST /v1/workspaces/{workspace}/issues/{issue}/ignore       viewer, admin
//	POST /v1/workspaces/{workspace}/slis/search                 viewer, auditor, admin
//	GET  /v1/workspaces/{workspace}/slis/{sli}                  viewer, auditor, admin
//	PUT  /v1/workspaces/{workspace}/slis/{sli}                  admin
//	POST /v1/workspaces/{workspace}/graph/search                viewer, auditor, admin
//	GET  /v1/workspaces/{workspace}/assistants/{assistant}      viewer, auditor, admin
//	PUT  /v1/workspaces/{workspace}/assistants/{assistant}      admin
//
// With a language model, if the tenant and the platform consent:
//
//	POST /v1/workspaces/{workspace}/issues/{issue}/explain                    viewer, admin
//	GET  /v1/workspaces/{workspace}/issues/{issue}/explain/preview            viewer, auditor, admin
//	POST /v1/workspaces/{workspace}/assistants/{assistant}/summary            viewer, admin
//	GET  /v1/workspaces/{workspace}/assistants/{assistant}/summary/preview    viewer, auditor, admin
//	POST /v1/workspaces/{workspace}/assistants/{assistant}/rank               viewer, admin
//	GET  /v1/workspaces/{workspace}/assistants/{assistant}/rank/preview       viewer, auditor, admin
//
// # Issues
//
// POST issues/search returns issues with their texts:
//
//	{"asOf":"…","issues":[{"id":"…","state":"open","severity":2,"task":"dns-check","slx":"dns",
//	  "title":"DNS is slow","details":"…","nextSteps":["Check DNS resolution"],
//	  "firstSeen":"…","lastSeen":"…","lastRun":"…","sightings":3,"runs":3,"since":"…","reopened":0}],
//	 "nextPageToken":"…"}
//
// The order is:
//
//  1. active issues (neither resolved nor ignored), by severity, the newest first
//  2. ignored issues, by the time at which they stop being ignored, the earliest first
//  3. resolved issues, by severity, the newest first
//
// Its body has these fields, all optional. Each uses an index, except where the last column says that
// it filters issues after they are read:
//
//	state      active, detected, open, investigated, reopened, resolved or ignored
//	severity   1 (critical) to 4 (informational)           after, for ignored issues
//	slx, resource, task                                    after, for ignored issues
//	from, to   from <= lastSeen < to                       after, for ignored issues
//	idPrefix   issues whose ID starts with this, sorted by ID; without other filters, and the
//	           first page only
//	pageSize   50, at most 200
//	pageToken  nextPageToken of the previous page
//
// A list of active or of resolved issues also leaves out ignored issues after reading.
//
// All pages of a list show the issues as of the first page, by a Firestore read time.
// An issue that is seen again, resolved or ignored between two pages keeps its place. A
// list can be paged through for an hour. A page ends early after 4 MiB of text, or
// after 200 issues that were read and left out. If there is a nextPageToken, there may
// be more issues, even if the page is empty.
//
// POST investigate takes no body. The issue stays investigated until it is resolved.
// GET issues/{issue} also has seen: the starts of the newest runs that saw the issue.
// POST ignore takes {"until":"RFC3339","reason"?}, at most 366 days ahead; with a time
// in the past, the issue is no longer ignored. The reason, of at most 1,000 characters,
// is stored encrypted. An issue shows it as ignored.reason. Both are safe to repeat, and return the issue
// without its text. The change and its audit entry are one commit.
//
// # SLIs
//
// Health is calculated at the time of the request. It has the last value, the alert,
// stale, and for 5m, 30m, 1h, 6h and 3d: the number of samples, mean, deviation, share
// within the objective and burn rate.
//
//	alert page     the burn rates over 1h and over 5m are 14.4 or more
//	alert ticket   the burn rates over 6h and over 30m are 6 or more, or those over 3d
//	               and over 6h are 1 or more
//	alert warning  the last value is outside the objective
//	alert none     otherwise, or if there is no objective
//	stale          there are no recent samples, so the other values are out of date
//
// page and ticket also need 3 samples outside the objective in the longer window. The
// windows of an alert end with the newest sample and grow with the time between
// samples, so only samples change an alert, and silence does not (see shared/sli). An
// SLI is stale if it has no samples, or none in the last hour. The thresholds of an SLI
// change these numbers. If all samples are bad, the burn rate is 1/(1-target), so a
// threshold above that is a 422, which shows the calculation. PUT takes:
//
//	{"objective":{"min"?,"max"?,"target"},
//	 "thresholds":{"page"?,"ticket"?,"slow"?,"samples"?,"staleAfter"? (seconds)}}
//
// POST slis/search returns SLIs by name. Its body has slx, alert (warning, ticket or page: this alert
// or a more urgent one), pageSize and pageToken. pageSize (50, at most 200) is the
// number of SLIs that are read, so a page filtered by alert may be short or empty.
//
// # Graph
//
// POST graph/search returns pages of at most 30 checks (a task on a resource), with
// their SLXs, up to 100 SLIs of these, and their 300 most severe active issues:
//
//	{"nodes":[{"id","kind","name"}],"edges":[{"from","to","kind"}],
//	 "issuesCapped":false,"slisCapped":false,"nextPageToken"}
//
// The graph has no free text, and no edges from an issue to the tasks that match its
// next steps. Next steps are sealed, so such edges would require reading and decrypting
// 300 lines of up to half a MiB each. An assistant's answer has these matches for the
// ten worst issues.
//
// With {"of":"configuration"}, it returns what the configuration in effect says, 50 SLXs in
// a page, in the order of their names:
//
//	{"commit","configNodes":[{"id","kind","name","alias"?,"path"?,"detail"?}],
//	 "configEdges":[{"from","to","kind"}],"omitted"?,"nextPageToken"?}
//
// Nodes of SLXs and resources have the IDs that runs give them, so both graphs can be shown
// as one. functions/configgraph makes this graph a moment after a push. All pages are of
// one commit. Such a request is in the audit log before anything is opened.
//
// # Assistants
//
// PUT takes {"name","relevance"? (0 to 1, default 0.85),"accessLevel"? (read-only, the
// default, or read-write)}. GET answers three questions:
//
//	wrong   the number of active issues of each severity, counted up to 1,000, and the
//	        ten worst, grouped by SLX
//	health  up to 100 SLIs, the most urgent first
//	next    which tasks to run next
//
//	"next":{"tasks":[{"score":0.93,"from":"catalog","name":"Check DNS Resolution","suite":"DNS","source":"…",
//	  "evidence":[{"issue":"…","step":"Check DNS resolution","score":0.93,"words":["DNS","resolution","Check"]}]}],
//	 "below":4,"silent":false,"summary":"Run \"Check DNS Resolution\" next; it scores 0.93."}
//
// The next steps of the ten worst issues, as their authors wrote them, are searched in
// one collection: up to 200 tasks that the workspace has run, and all tasks of the
// catalog. A score says how certain it is that the author meant this task (see
// shared/rank). Tasks that score less than the assistant's relevance are only counted,
// as "below".
//
// Which tasks are candidates:
//
//   - A task that the workspace has run replaces the tasks of its name in the catalog.
//     The suggested task has the SLX and the resource of its last run. If the catalog
//     has exactly one task of its name, the suggestion also has that task's
//     documentation and source.
//   - A run does not record the suite of its task. If the catalog has the name in
//     several suites, only the values that they all share are used.
//   - Tasks with the same name in several suites are different tasks, unless the
//     workspace has run a task of that name.
//   - Measurements (kind sli) are never suggested.
//
// A task that the workspace's configuration has is preferred. The configuration has a task if
// an SLX has the file of the task (the repository and the path of a codeBundle), or a title
// that matches its name: each ${…} in a title matches any text. Then:
//
//   - "configured" says for which SLX and resource to run it, and its name with the values of
//     the configuration: for the SLX of the issue; otherwise for an SLX with the resource of
//     the issue, or one that the SLX is related to; otherwise for the only SLX that
//     has the task. If several have it, only their number is given.
//   - The task replaces the catalog's other tasks of its name.
//   - It comes before other tasks that score up to 0.05 more.
//
// A title that names no task of the catalog is suggested after the task has run once.
//
// A read-only assistant suggests only tasks that are tagged access:read-only and not
// access:read-write, and counts the other tasks that reach the relevance as "withheld".
// A task without either tag may do anything: in one public collection of 863 tasks, 655
// have the first tag, and chaos tasks have neither. So a task that is not in the
// catalog is suggested only by a read-write assistant.
//
// # Language models
//
// Nothing above needs a language model. Three operations send data to one, through
// shared/model:
//
//	explain  the feature explain-issue: an issue with its texts, up to ten suggested
//	         tasks, and the newest run that found it
//	summary  the feature summarise-workspace: the titles of the ten worst issues, up to 20
//	         SLIs with an alert or without samples, and up to ten suggested tasks
//	rank     the feature rank-next-tasks: the names that the public catalog has of the
//	         suggested tasks, and of the task that found the worst issue
//
// Nothing of the configuration is ever sent: tasks have the names that the catalog or the
// runs have, and no "configured".
//
// Each takes {"destination"?}: single-tenant or shared. explain also takes an
// {"assistant"?}, whose settings decide which tasks are suggested. preview, with the same
// fields in the query, shows the request byte for byte, its SHA-256, and what is missing
// for it. It sends nothing, and needs no consent.
//
// Without consent, explain and summary return a 403 with the code consent-missing: errors
// names each half that must be given. rank then returns the tasks in the order of
// their scores, with the same problem as "fallback".
//
// explain streams lines of JSON (application/jsonl), each as soon as the model sends it:
//
//	{"text":"The resolver times out. "}
//	{"text":"Run \"Check DNS Resolution\" first, because …"}
//	{"end":{"entry":"…","destination":"shared","model":"gemini-3.5-flash","evidence":["…"]}}
//
// The last line is end, or error with a problem if the answer breaks off. A stream without
// either was interrupted. summary returns {"lines":[…]} and the fields of end, rank
// returns {"next":{…},"orderedBy":"model"|"score","sent"?,"fallback"?}.
//
//   - entry is the entry models.send in the audit log: GET /v1/model-sends lists it.
//   - omitted names the fields that did not fit into the limit, so they were not sent.
//   - evidence has the IDs that the answer names and that were in the request. The model
//     made up any other ID.
//
// An answer is untrusted text. It has no control characters, no characters that change the
// direction of text, and no link, image or HTML that a viewer would load or open (see
// shared/plaintext). Nothing of it is stored or run. The order of rank uses the IDs that
// were sent, and ignores all others.
//
// # Cost
//
// An answer reads at most the following, in every workspace: 200 checks, 400
// SLIs, the ten worst issues, ten more of each less severe kind, 31 documents of the configuration, up to about 1,000 ignored issues that come before them,
// and a few counts. If there are more ignored issues, it stops reading, and the summary
// says so.
//
// In addition, an instance reads the catalog: one document once a minute, and up to
// 20,000 documents with 8 MiB of text, with some seconds of CPU, when it starts and after a change. A
// request waits up to a second for a newer version, and otherwise uses the previous
// one (see shared/library).
//
// # Statuses
//
//	200  done now, or by an earlier call
//	400  a name or a page token is not valid, the token is more than an hour old, or the
//	     body is not strict JSON
//	401  the token is missing or invalid
//	403  the role does not allow this, the workspace is not open to the caller, the
//	     tenant is suspended, or (where free text is read or written) its key is
//	     disabled or destroyed
//	404  there is no such issue, SLI, assistant, or (PUT) workspace
//	409  the issue is resolved (investigate), its text cannot be decrypted (explain), or
//	     there is no such model
//	413  the body is too large
//	422  a value is out of bounds, to is not after from, or a query parameter is unknown;
//	     errors lists them. Or the model refused to answer (explain, summary): detail has
//	     the reason
//	429  the caller sends more than 100 requests a second, or the tenant's spend limit of a
//	     feature is reached: wait as long as Retry-After says
//	503  try again
//
// Errors are application/problem+json (RFC 9457). A request that reads free text (an
// issue, a list of issues, an answer of an assistant) is in the audit log before any
// text is opened.
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT       the platform's project
//	STRONGROOM_AUDIENCE        prefix of every token's audience, such as https://strongroom.dev
//	STRONGROOM_AUDIT_KEY       projects/…/cryptoKeys/…, encrypts the audit log
//	STRONGROOM_PAGE_TOKEN_KEY  the key that authenticates page tokens, the same in all instances
//	STRONGROOM_CONSENT_KEY     projects/…/cryptoKeys/…, signs the halves of consents
//	STRONGROOM_MODEL…          the platform's own model; see halves.Config
//
// # Identity
//
// strongroom.documentWriter on each database (it deletes nothing), roles/datastore.viewer
// on the directory, roles/cloudkms.cryptoKeyEncrypter on the audit key,
// roles/cloudkms.cryptoKeyEncrypterDecrypter on each tenant's key,
// roles/cloudkms.publicKeyViewer and roles/cloudkms.viewer on the consent key, and
// roles/aiplatform.user on the projects of models. The function receives and publishes no
// events.
//
// # Try it
//
// While go run ./emulator runs, report an issue, put a task into the catalog, and ask an
// assistant:
//
//	API=http://127.0.0.1:8080 RUN=0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e11
//	token() { curl -s "$API/emulator/token?tenant=acme&as=$1" | grep -o 'eyJ[^"]*'; }
//	as() { who=$1; shift; curl -s -H "Authorization: Bearer $(token $who)" -H 'Content-Type: application/json' "$@"; }
//	W=$API/v1/workspaces/prod
//	as runner -X PUT $W/runs/$RUN -d '{"task":"dns-check","slx":"dns","resource":"cluster-1","start":"2026-01-02T03:04:05Z"}'
//	as runner $W/runs/$RUN/report -d '{"end":"2026-01-02T03:05:00Z","outcome":"failure","exitCode":1,
//	  "issues":[{"line":"{\"severity\":2,\"title\":\"DNS is slow\",\"nextSteps\":\"Check DNS resolution\"}"}]}'
//	as platform -X PUT $API/v1/catalog/tasks -d '{"tasks":[{"name":"Check DNS Resolution","documentation":"Asks each resolver.",
//	  "tags":["dns","access:read-only"],"suite":"DNS","source":"https://example.com/dns.robot"}]}'
//	as admin -X PUT $W/assistants/edgar -d '{"name":"Eager Edgar"}'
//	as viewer $W/assistants/edgar
//	as viewer $W/issues/search -d '{"state":"active","slx":"dns"}'
//	until ISSUE=$(as viewer $W/issues/search -d '{"slx":"dns"}' | grep -o '"id":"[a-z2-7]*"' | head -1 | cut -d'"' -f4); [ "$ISSUE" ]; do sleep 1; done
//	as viewer -X POST $W/issues/$ISSUE/investigate
//	as viewer $W/issues/$ISSUE/ignore -d "{\"until\":\"$(date -u -d '+1 hour' +%FT%TZ)\"}"
//	as viewer $W/issues/$ISSUE
//	as viewer $W/issues/$ISSUE/explain/preview # what a model would be sent, and which consents are missing
//	as admin -X PUT $W/slis/dns-latency -d '{"objective":{"max":100,"target":0.99}}'
//	as viewer $W/slis/search -d {}
//	as viewer $W/graph/search -d {}
//	as viewer $W/graph/search -d '{"of":"configuration"}'
package assistants

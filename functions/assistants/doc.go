// Package assistants answers what people and chats ask about a workspace: its
// issues, the health of its SLIs, and which task to run next. It is deployed as
// assistants.
//
// # Methods
//
//	GET  /v1/workspaces/{workspace}/issues                      viewer, auditor, admin
//	GET  /v1/workspaces/{workspace}/issues/{issue}              viewer, auditor, admin
//	POST /v1/workspaces/{workspace}/issues/{issue}/investigate  viewer, admin
//	POST /v1/workspaces/{workspace}/issues/{issue}/ignore       viewer, admin
//	GET  /v1/workspaces/{workspace}/slis                        viewer, auditor, admin
//	GET  /v1/workspaces/{workspace}/slis/{sli}                  viewer, auditor, admin
//	PUT  /v1/workspaces/{workspace}/slis/{sli}                  admin
//	GET  /v1/workspaces/{workspace}/graph                       viewer, auditor, admin
//	GET  /v1/workspaces/{workspace}/assistants/{assistant}      viewer, auditor, admin
//	PUT  /v1/workspaces/{workspace}/assistants/{assistant}      admin
//
// # Issues
//
// The list takes state (detected, open, investigated, reopened, resolved,
// ignored, or standing for all but the last two), severity, slx, resource, task,
// from and to (of lastSeen), pageSize (50, at most 200) and pageToken. First
// comes what stands, by severity and then the newest; then what is ignored, the
// first to end before the others; then what is resolved, by severity and then
// the newest. Ignoring runs out by itself.
//
//	{"asOf":"…","issues":[{"id":"…","state":"open","severity":2,"task":"dns-check","slx":"dns",
//	  "title":"DNS is slow","details":"…","nextSteps":["Check DNS resolution"],
//	  "firstSeen":"…","lastSeen":"…","lastRun":"…","sightings":3,"runs":3,"since":"…","reopened":0}],
//	 "nextPageToken":"…"}
//
// A list is as of its first page, and may be turned over for an hour: each page
// shows what Firestore held at the time of the first (a read time, of which it
// tells for an hour), so an issue that is seen again, resolved or ignored
// meanwhile stays in its place. A page ends early behind 4 MiB of text, or 200
// issues that were found and do not belong to it; while there is a nextPageToken
// there may be more, even behind an empty page. By index go severity, state, slx,
// resource, task, from and to; in the stretch of what is ignored all but the
// ignoring itself is applied to what is read, and so is the ignoring in the others.
//
// investigate takes no body: it holds until the issue is resolved. ignore takes
// {"until":"RFC3339"}, at most 366 days ahead; a time that is past ends it. Both
// may be repeated, are on the audit log in the same commit, and answer with the
// issue without its text.
//
// # SLIs
//
// Health is as of now: the last value; over 5m, 30m, 1h, 6h and 3d the number of
// samples, mean, deviation, share within the objective and burn rate; the alert;
// and stale if no sample comes any more, when all else is of before. The alert is
//
//	page     the burn rate of 1h and that of 5m are 14.4 or more
//	ticket   those of 6h and of 30m are 6 or more, or those of 3d and of 6h are 1 or more
//	warning  the last value is outside of the objective
//	none     else, or there is no objective
//
// and page and ticket need 3 samples outside in the longer window. An SLI is stale
// an hour after its last sample, or without any. PUT takes
// {"objective":{"min"?,"max"?,"target"},"thresholds":{"page"?,"ticket"?,"slow"?,
// "samples"?,"staleAfter"? (seconds)}}. The list goes by name and takes slx, alert
// (warning, ticket or page: that or more urgent), pageSize (50, at most 200: of
// those looked at, so that a page may be short or empty) and pageToken.
//
// # Graph
//
// Pages of at most 30 checks, each a task on a resource, with their SLXs, up to a
// hundred SLIs of these and the 300 worst issues that stand: {"nodes":[{"id",
// "kind","name"}],"edges":[{"from","to","kind"}],"issuesCapped":false,
// "slisCapped":false,"nextPageToken"}. It holds no free text, so it does not join
// an issue to the tasks that its next steps ask for: those steps are sealed, and to
// open them would be to read and decrypt 300 issues' lines of up to half a MiB
// each. The answer of an assistant joins them, for the ten worst.
//
// # Assistants and the catalog
//
// PUT takes {"name","relevance"? (0 to 1, 0.85),"accessLevel"? (read-only, or
// read-write)}. GET answers what is wrong (how many issues stand of each severity,
// counted up to 1,000; the ten worst by SLX), how healthy up to a hundred SLIs are
// (the most urgent of all; the others by name), and which tasks to run next:
//
//	"next":{"tasks":[{"score":0.93,"from":"catalog","name":"Check DNS Resolution","suite":"DNS","source":"…",
//	  "evidence":[{"issue":"…","step":"Check DNS resolution","score":0.93,"words":["DNS","resolution","Check"]}]}],
//	 "below":4,"silent":false,"says":"…"}
//
// The next steps that the authors of the ten worst issues wrote are searched for
// among up to 200 tasks that the workspace has run and all of the catalog, as one
// collection, so that scores compare. A score says how surely a task is what an
// author meant (see shared/rank); what scores less than the assistant's relevance
// it keeps to itself, and says of how many. A task that the workspace has run
// stands for those of its name in the catalog, with its own SLX and resource; if
// there is one, its documentation and source are told too. A name does not say the
// suite, so of several what holds for all holds for it. Tasks of one name in
// several suites are several, and an issue's step is told once for each task.
// Measurements (kind sli) are never suggested.
//
// A read-only assistant suggests only tasks that are tagged access:read-only and
// not access:read-write. What has neither tag may do anything, as what kills pods
// to see what happens has none in a public collection of 863 tasks, of which 655
// have the first. So a task that only the workspace knows is suggested by a
// read-write assistant, or once it is in the catalog with its tag. How many were
// "withheld" the answer says.
//
// An answer costs the same reads whatever the workspace holds: at most 200 checks,
// 400 SLIs, the ten worst issues (and some 1,000 that are ignored before them; where
// it looked no further it says so) and a few counts. It says how many SLIs are
// stale. Beside that, an instance reads the register of the catalog once a minute,
// and all of the catalog, up to 20,000 documents and some seconds of CPU, when it
// starts and after a change. One request at a time has that done. It waits a second
// for it, and meanwhile the old catalog answers; only the first is waited for. So
// put a catalog by large calls, and not every minute.
//
// # Statuses
//
//	200  done, or done so before
//	400  a name or a page token is malformed, the token is more than an hour old, or
//	     the body is not strict JSON
//	401  no valid token
//	403  the role may not, the workspace is not open to it, the tenant is suspended, or
//	     its key is disabled or destroyed (where free text is read or written)
//	404  there is no such issue, SLI, assistant, or (PUT) workspace
//	409  the issue is resolved (investigate)
//	413  the body is too large
//	422  a value is out of its bounds, or a query is not known; errors says which
//	503  try again
//
// Errors are application/problem+json (RFC 9457). Reads of free text (issues,
// an assistant's answer) are on the audit log before it is opened.
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT  the platform's project
//	STRONGROOM_AUDIENCE   what every token's audience begins with, as https://strongroom.dev
//	STRONGROOM_AUDIT_KEY  projects/…/cryptoKeys/…, seals the audit log
//
// # Identity
//
// roles/datastore.user on the database, roles/cloudkms.cryptoKeyEncrypterDecrypter
// on the audit key and on each tenant's key. No events.
//
// # Try it
//
// With go run ./emulator at work, an issue, an SLI, a task, and what an
// assistant makes of them:
//
//	API=http://127.0.0.1:8080 RUN=0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e11
//	token() { curl -s "$API/emulator/token?tenant=acme&as=$1" | grep -o 'eyJ[^"]*'; }
//	as() { who=$1; shift; curl -s -H "Authorization: Bearer $(token $who)" -H 'Content-Type: application/json' "$@"; }
//	W=$API/v1/workspaces/prod
//	as runner -X PUT $W/runs/$RUN -d '{"task":"dns-check","slx":"dns","resource":"cluster-1","start":"2026-01-02T03:04:05Z"}'
//	as runner $W/runs/$RUN/report -d '{"end":"2026-01-02T03:05:00Z","outcome":"failure","exitCode":1,
//	  "issues":[{"line":"{\"severity\":2,\"title\":\"DNS is slow\",\"nextSteps\":\"Check DNS resolution\"}"}]}'
//	as platform -X PUT $API/v1/catalog/tasks -d '{"tasks":[{"name":"Check DNS Resolution","documentation":"Asks each resolver.",
//	  "tags":["dns","access:read-only"],"suite":"DNS","source":"https://example.com/dns.robot"}],"edition":"e1"}'
//	as admin -X PUT $W/assistants/edgar -d '{"name":"Eager Edgar"}'
//	as viewer $W/assistants/edgar
//	as viewer "$W/issues?state=standing&slx=dns"
//	until ISSUE=$(as viewer "$W/issues?slx=dns" | grep -o '"id":"[a-z2-7]*"' | head -1 | cut -d'"' -f4); [ "$ISSUE" ]; do sleep 1; done
//	as viewer -X POST $W/issues/$ISSUE/investigate
//	as viewer $W/issues/$ISSUE/ignore -d "{\"until\":\"$(date -u -d '+1 hour' +%FT%TZ)\"}"
//	as viewer $W/issues/$ISSUE
//	as admin -X PUT $W/slis/dns-latency -d '{"objective":{"max":100,"target":0.99}}'
//	as viewer $W/slis
//	as viewer $W/graph
package assistants

// Package assistant is two functions: assistant-update folds ended runs into
// issues and SLIs, and assistants answers what people and chats ask about them.
//
// # Updates: trigger
//
// assistant-update takes the Pub/Sub topic run-events, pushed as the CloudEvent
// google.cloud.pubsub.topic.v1.messagePublished. A message has no data, and the
// attributes tenant, workspace, run, kind (run.ended) and entry. Only the push
// account may call; the platform checks that before the code runs.
//
// # Updates: what becomes of a run
//
// A run carries a mark, pending, from the commit on that completes it, and so
// does each series of samples, waiting. An event whose run has lost its mark is
// done. Else up to 25 pending runs of its check (a task on a resource) are folded,
// the oldest first: their samples into the SLIs, one transaction each, which takes
// in up to 100 series that wait for the SLI, whatever check they are of; then the
// runs and their sightings into the check and its issues, by one transaction.
// The mark never comes back, so an event counts once for ever. What is written
// are absolute values that do not depend on the order of runs.
//
// A check, and an SLI, is written about once a second: who comes earlier waits
// for the rest of the second, 25 seconds in all, and looks again. Issues that the
// runs did not find and that one commit cannot hold (more than 300) are settled
// page by page before; what a page writes is true by itself and comes to the
// same when written again, and all begins anew if another fold comes in between.
// An issue has the line of its newest sighting, sealed for the issue, and the
// first KiB of its title.
//
// # Updates: answers
//
//	204 or 200  done, or refused for good and on record in the quarantine: the message is
//	            none (malformed) or of another kind (unknown-kind), misnames something
//	            (bad-reference), or names no tenant or run (no-such-tenant, no-such-run)
//	500         deliver again: Firestore or KMS failed, the check is busy, or the tenant's
//	            key is off; after 20 attempts the message is a dead letter on
//	            run-events-dead. The run stays pending: the next event of its check
//	            folds it, or its own, which sweep publishes again each 3 hours
//
// functions/replay sends dead letters, and what was refused for good, again.
//
// # Updates: environment and identity
//
// GOOGLE_CLOUD_PROJECT, the platform's project. roles/datastore.user on the
// database, roles/cloudkms.cryptoKeyEncrypterDecrypter on each tenant's key.
//
// # Assistants: methods
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
//	GET  /v1/catalog/tasks                                      viewer, auditor, admin, platform
//	PUT  /v1/catalog/tasks                                      platform
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
// Pages of at most 30 checks, each a task on a resource, with their SLXs and the
// 300 worst issues that stand: {"nodes":[{"id","kind","name"}],"edges":[{"from",
// "to","kind"}],"issuesCapped":false,"nextPageToken"}. It holds no free text.
//
// # Assistants and the catalogue
//
// PUT takes {"name","relevance"? (0 to 1, 0.85),"accessLevel"? (read-only, or
// read-write: also tasks tagged access:read-write)}. GET answers what is wrong
// (how many issues stand of each severity, counted up to 1,000; the ten worst by
// SLX), how healthy up to a hundred SLIs are (the most urgent of all; the others
// by name), and which tasks to run next:
//
//	"next":{"tasks":[{"score":0.93,"from":"catalogue","name":"Check DNS Resolution","source":"…",
//	  "evidence":[{"issue":"…","step":"Check DNS resolution","score":0.93,"words":["DNS","resolution","Check"]}]}],
//	 "below":4,"silent":false,"says":"…"}
//
// The next steps that the authors of the ten worst issues wrote are searched for
// (BM25: see shared/rank) among up to 200 tasks that the workspace has run and
// all of the catalogue. What scores less than the assistant's relevance it keeps
// to itself, and says of how many. An answer costs the same reads whatever the
// workspace holds, up to bounds: to find the ten worst it passes over some 1,000
// issues that are ignored, and says so where it looked no further. It says how
// many SLIs are stale.
//
// The catalogue is public: at most 20,000 tasks, in the platform's database. PUT
// takes {"tasks":[{"name","documentation","tags","suite","source"}]}, 1 to 500
// and 4 MiB, and may be repeated; a task is known by source, suite and name.
// What is put is found within a minute. GET takes query and pageSize.
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
//	409  the issue is resolved (investigate), or the catalogue is full
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
//	  "tags":["dns"],"suite":"DNS","source":"https://example.com/dns.robot"}]}'
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
//	as viewer "$API/v1/catalog/tasks?query=dns+resolution"
package assistant

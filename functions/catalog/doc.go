// Package catalog stores and searches the public catalog of tasks: names,
// documentation and tags of the tasks that anybody may run. It is deployed as
// catalog.
//
// # Methods
//
//	POST /v1/catalog/tasks/search  viewer, auditor, admin, platform
//	PUT  /v1/catalog/tasks         platform
//	POST /v1/catalog/prune         platform
//	POST /v1/catalog/enrich        platform
//
// The catalog belongs to no tenant. It has at most 20,000 tasks with
// 8 MiB of text, in the platform's database. A task is identified by its source, suite and name.
//
// # Upload tasks
//
// PUT stores 1 to 500 tasks, in at most 4 MiB:
//
//	{"tasks":[{"name","documentation"?,"tags"?,"suite","source","displayName"?,
//	  "suiteDocumentation"?,"supports"?,"kind"? ("sli")}],"edition"?}
//
// It answers {"ids","written"}: the ID of each task, and how many tasks were new
// or changed. A search finds them within a minute. Every instance that searches
// then reads the whole catalog again, so upload many tasks per call, and not every
// minute.
//
// # Search
//
// POST search takes {"query","pageSize"?}: 1 to 500 characters, and 20 tasks, at most
// 100. It answers with the best matches first; see shared/rank for how they are scored:
//
//	{"tasks":[{"id","name","suite","source",…,"score":0.93,"words":["DNS","resolution"]}],"more":false}
//
// An instance reads the whole catalog when it starts, and again after a change:
//
//   - It checks for a change at most once a minute, with one read.
//   - While it reads, it answers from the previous version. Only the request that
//     started the read waits for it, for a second at most.
//   - The first requests of an instance wait until the catalog is read, which takes
//     some seconds of CPU for 20,000 tasks.
//
// # Prune
//
// An upload never removes tasks. To remove the tasks that a source no longer has:
//
//  1. Choose an edition, such as a hash of all tasks of the source.
//  2. Upload all tasks of the source with this edition.
//  3. Call POST /v1/catalog/prune until the answer has no nextPageToken:
//     {"source","edition","pageToken"?}, where source is the prefix of the tasks'
//     sources and ends with a slash.
//
// Each call checks 400 tasks of the catalog. It removes those of the source that
// have another edition, and answers {"removed","nextPageToken"?}. It refuses an
// edition that no task of the source has.
//
// All calls are safe to repeat. Do not upload two editions of one source at the
// same time: each prune would remove the tasks of the other.
//
// # Enrich
//
// POST enrich asks the platform's language model to describe 1 to 10 tasks in other words
// than their authors', so that a search finds them by those too:
//
//	{"tasks":[{"id","code"?}],"again"?}
//
// code is the task's file, as its author published it. The model receives it, and what the
// catalog has about the task: public data only, so no tenant's consent is needed. Each
// request is on the platform's ledger (GET /v1/platform/model-sends) before it is sent. It
// answers for each task:
//
//		{"results":[{"id","status":"enriched","entry","enrichment":{"checks","kinds","changes","by","at"}}]}
//
//	  - status is enriched, unchanged (the task is enriched already, and again is not set)
//	    or failed, with a code and a detail. A task that fails does not affect the others.
//	  - An answer is untrusted: it must be a JSON object with these texts, and is bounded and
//	    cleaned. It adds words to a search, and changes nothing else: whether a task may make
//	    changes is in its tags.
//	  - An upload that changes a task removes its enrichment, because it describes another
//	    version.
//	  - All enrichments of a call are stored in one commit, so every instance that searches
//	    reads the catalog once more.
//
// # Statuses
//
//	200  done now, or by an earlier call
//	400  the body is not strict JSON, or the page token is not valid (prune)
//	401  the token is missing or invalid
//	403  the role does not allow this, or the tenant is suspended
//	409  the catalog is full (PUT), or no task from the source has the edition (prune)
//	413  the body is too large
//	422  a value is out of bounds, or a query parameter is unknown; errors lists them
//	429  the caller sends more than 100 requests a second: wait as long as Retry-After says
//	503  try again
//
// Errors are application/problem+json (RFC 9457). A change of the catalog and its
// entry in the platform's audit log are one commit. A call that changes nothing
// writes no entry.
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT       the platform's project
//	STRONGROOM_AUDIENCE        prefix of every token's audience, such as https://strongroom.dev
//	STRONGROOM_AUDIT_KEY       projects/…/cryptoKeys/…, encrypts the audit log
//	STRONGROOM_PAGE_TOKEN_KEY  the key that authenticates page tokens, the same in all instances
//	STRONGROOM_CONSENT_KEY     projects/…/cryptoKeys/…; not used, because the data is public
//	STRONGROOM_MODEL…          the platform's model; see halves.Config
//
// # Identity
//
// roles/datastore.user on each database, roles/datastore.viewer on the directory,
// roles/cloudkms.cryptoKeyEncrypter on the audit key, and roles/aiplatform.user on the
// project of the platform's model. The function has no access to any tenant's key or
// model. It receives and publishes no events.
//
// # Try it
//
// While go run ./emulator runs, upload two editions of a source, remove what the
// second does not have, and search:
//
//	API=http://127.0.0.1:8080
//	token() { curl -s "$API/emulator/token?tenant=acme&as=$1" | grep -o 'eyJ[^"]*'; }
//	as() { who=$1; shift; curl -s -H "Authorization: Bearer $(token $who)" -H 'Content-Type: application/json' "$@"; }
//	as platform -X PUT $API/v1/catalog/tasks -d '{"tasks":[{"name":"Check Old Resolver","suite":"DNS",
//	  "source":"https://example.com/dns.robot"}],"edition":"e1"}'
//	as platform -X PUT $API/v1/catalog/tasks -d '{"tasks":[{"name":"Check DNS Resolution","documentation":"Asks each resolver.",
//	  "tags":["dns","access:read-only"],"suite":"DNS","source":"https://example.com/dns.robot"}],"edition":"e2"}'
//	as platform $API/v1/catalog/prune -d '{"source":"https://example.com/","edition":"e2"}'
//	as viewer $API/v1/catalog/tasks/search -d '{"query":"dns resolution"}'
//	ID=$(as viewer $API/v1/catalog/tasks/search -d '{"query":"dns resolution"}' | grep -o '"id":"[0-9a-f]*"' | head -1 | cut -d'"' -f4)
//	as platform $API/v1/catalog/enrich -d "{\"tasks\":[{\"id\":\"$ID\"}]}"
package catalog

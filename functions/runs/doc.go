// Package runs is the function that records runs, one execution of a task each,
// from its start to its report, and answers questions about them.
//
// # Methods
//
//	PUT  /v1/workspaces/{workspace}/runs/{run}          runner
//	POST /v1/workspaces/{workspace}/runs/{run}/report   runner
//	GET  /v1/workspaces/{workspace}/runs/{run}          viewer, auditor, admin
//	GET  /v1/workspaces/{workspace}/runs/{run}/issues   viewer, auditor, admin
//	GET  /v1/workspaces/{workspace}/runs                viewer, auditor, admin
//	GET  /v1/workspaces/{workspace}/slis/{sli}/samples  viewer, auditor, admin
//
// {run} is a UUIDv7 in lower case that the runner makes, so every call may be
// repeated. Start and report may come in either order, and as late as they like;
// both answer with the run.
//
// # Start
//
//	{"task":"dns-check","slx":"dns","resource":"cluster-1","start":"2026-01-02T03:04:05Z"}
//
// task has 1 to 256 characters, slx and resource may be absent. Times are kept in
// microseconds. No start, end or sample is more than 5 minutes ahead of our clock,
// and no end before its start: what a run found is judged by when it started, so
// one wrong clock would hide what others find.
//
// # Report
//
//	{"end":"2026-01-02T03:05:00Z","outcome":"failure","exitCode":1,
//	 "outputs":[{"name":"stdout.log","parts":2}],
//	 "samples":[{"sli":"dns-latency","time":"2026-01-02T03:04:30Z","value":1.5}],
//	 "issues":[{"line":"{\"severity\":2,\"title\":\"DNS is slow\",\"nextSteps\":\"Look at the cache\"}"}]}
//
// outcome is success, failure (the check failed), error (the task broke),
// timeout or canceled. exitCode is the task's own, -1 if it is not known.
//
// outputs claims, for each name once, how many parts were put out, counted
// from 1: what of them never arrives is missing. samples, at most 1,000 of 100
// SLIs, are what the run measured. issues, at most 200, are lines of its issues.jsonl: JSON objects of at
// most 512 KiB, with texts of at most 64 KiB, kept byte for byte. The body has
// at most 8 MiB.
//
// One commit writes the run, its sightings (tenants/{t}/workspaces/{w}/runs/{run}/sightings),
// its samples (…/series), the audit entry and the outbox entry. Lines are free
// text: they are sealed under the tenant's key.
//
//	the report                      the run
//	is the first                    has ended; if its start is known, the event run.ended follows
//	is the same, however late       as it was; the order of outputs and of samples means nothing
//	is another                      as it was: 409
//	comes before the start          has ended; the event follows when the start is told
//	comes, and the start never      has ended, and counts for no check
//
// # Run
//
//	{"id":"…","state":"ended","task":"dns-check","slx":"dns","resource":"cluster-1","start":"…","end":"…",
//	 "outcome":"failure","exitCode":1,"outputs":[{"name":"stdout.log","parts":2}],"issues":1,"samples":1}
//
// # Questions
//
// GET …/runs takes task, slx, resource, outcome, state, from and to (of the
// start; from is in, to is out), pageSize (1 to 500, else 50) and pageToken. It
// gives {"runs":[…],"nextPageToken":"…"}, the newest start first; runs whose start
// is not known come last, and not at all with from or to. A token is good for the
// same question only; a run that begins meanwhile moves no page.
//
// GET …/slis/{sli}/samples takes from, to, pageSize and pageToken, and gives
// {"series":[{"run","slx","samples":[{"time","value"}]}],"nextPageToken"}: what
// each run measured, by the time of its last sample.
//
// GET …/runs/{run}/issues gives the lines as they came, as application/jsonl. It
// is on the audit log before it is answered.
//
// # Statuses
//
//	200  done, or told so before
//	400  the workspace, the run or the SLI is misnamed, or the body is not strict JSON
//	401  no valid token
//	403  the role may not, the workspace is not open to it, the tenant is suspended,
//	     or (GET …/issues) its key is disabled or destroyed
//	404  the workspace has no such run (GET)
//	409  the run was told otherwise before, or its id is another workspace's
//	413  the body is larger than 8 MiB (report) or 256 KiB
//	422  a value is out of its bounds; errors says which
//	503  try again; of a report also while the tenant's key is disabled
//
// Errors are application/problem+json (RFC 9457).
//
// # Event
//
// A message on the topic run-events, at least once, when start and end of a run
// are known. It has no data; its attributes are tenant, workspace, run, kind
// (run.ended) and entry.
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
// on the audit key and on each tenant's key, roles/pubsub.publisher on run-events.
//
// # Try it
//
// With go run ./emulator at work:
//
//	API=http://127.0.0.1:8080 RUN=0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10
//	token() { curl -s "$API/emulator/token?tenant=acme&as=$1" | grep -o 'eyJ[^"]*'; }
//	curl -s -X PUT "$API/v1/workspaces/prod/runs/$RUN" -H "Authorization: Bearer $(token runner)" \
//	  -H 'Content-Type: application/json' -d '{"task":"dns-check","start":"2026-01-02T03:04:05Z"}'
//	curl -s "$API/v1/workspaces/prod/runs/$RUN/report" -H "Authorization: Bearer $(token runner)" \
//	  -H 'Content-Type: application/json' -d '{"end":"2026-01-02T03:05:00Z","outcome":"failure","exitCode":1,
//	  "issues":[{"line":"{\"severity\":2,\"title\":\"DNS is slow\"}"}],
//	  "samples":[{"sli":"dns-latency","time":"2026-01-02T03:04:30Z","value":1.5}]}'
//	curl -s "$API/v1/workspaces/prod/runs/$RUN/issues" -H "Authorization: Bearer $(token viewer)"
//	curl -s "$API/v1/workspaces/prod/slis/dns-latency/samples" -H "Authorization: Bearer $(token viewer)"
//	curl -s "$API/v1/workspaces/prod/runs?task=dns-check" -H "Authorization: Bearer $(token viewer)"
package runs

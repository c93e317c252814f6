// Package runs is the function that records runs and lists them. A run is one execution
// of a task, from its start to its report.
//
// # Methods
//
//	PUT  /v1/workspaces/{workspace}/runs/{run}            runner
//	POST /v1/workspaces/{workspace}/runs/{run}/report     runner
//	POST /v1/workspaces/{workspace}/runs/{run}/heartbeat  runner
//	GET  /v1/workspaces/{workspace}/runs/{run}            viewer, auditor, admin
//	GET  /v1/workspaces/{workspace}/runs/{run}/issues     viewer, auditor, admin
//	POST /v1/workspaces/{workspace}/runs/search           viewer, auditor, admin
//	GET  /v1/workspaces/{workspace}/slis/{sli}/samples    viewer, auditor, admin
//
// {run} is a lowercase UUIDv7 that the runner generates. Therefore, every call
// is safe to repeat. The start and the report may arrive in either order, and at
// any time. Both return the run. A heartbeat returns only the end of the lease.
//
// # Owner
//
// The first call that writes to a run (its start, its report, a heartbeat or an
// upload) makes the caller the owner of the run. The owner is the iss and the sub of
// the token. Every other identity gets 403, which is audited. If a trust rule of the
// tenant has shareRuns, all runners that the rule admits may write to each other's
// runs. The decision is recorded in infra/adr/0018-runs-have-owners.md.
//
// # Start
//
//	{"task":"dns-check","slx":"dns","resource":"cluster-1","start":"2026-01-02T03:04:05Z"}
//
//	field     required  value
//	task      yes       1 to 256 characters
//	slx       no        at most 256 characters
//	resource  no        at most 1,024 characters
//	start     yes       a time (RFC 3339), stored in whole microseconds
//
// No start, end or sample may be more than 5 minutes ahead of the server's
// clock, and no end may be before its start.
//
// Runs of one check are compared by their starts, and also by when the platform
// received their requests. A run without an issue resolves it only if its first request
// (start, upload or report) arrived after the report of every run that saw the issue.
// So the wrong clock of a runner that is online hides no issue. A runner can compare
// the Date header of any response with its own clock, and correct its times before it
// sends them.
//
// # Report
//
//	{"end":"2026-01-02T03:05:00Z","outcome":"failure","exitCode":1,
//	 "outputs":[{"name":"stdout.log","parts":2}],
//	 "samples":[{"sli":"dns-latency","time":"2026-01-02T03:04:30Z","value":1.5}],
//	 "issues":[{"line":"{\"severity\":2,\"title\":\"DNS is slow\",\"nextSteps\":\"Look at the cache\"}"}]}
//
//	field         required  value
//	end           yes       a time (RFC 3339), stored in whole microseconds
//	outcome       yes       success, failure (the check failed), error (the task broke), timeout or canceled
//	exitCode      yes       exit code of the task, or -1 if it is unknown
//	filesLeftOut  no        number of files of the task that are not outputs, for example because of their names
//	outputs       no        at most 1,000: an output that the run produced, and its number of parts; 0 if it is empty
//	samples       no        at most 1,000, of at most 100 SLIs: a value that the run measured
//	issues        no        at most 200: a line of the run's issues.jsonl
//
// Each output may be claimed once. Its parts are numbered from 1, and a claimed
// part that never arrives becomes missing. The report seals the run: a part that it
// does not claim cannot be granted any more, and is never read as part of an output.
//
// Names of tasks, SLXs, resources and SLIs are stored in NFC and without invisible
// characters, and queries find them in any form.
//
// The body has at most 8 MiB. A runner with more findings reports several runs
// with the same start, the worst severities first: none of them resolves the
// issues of another.
//
// # Issue lines
//
// A line is a JSON object with a severity, a title or another text. Lines are free
// text, so they are sealed under the tenant's key. They are stored byte for byte.
//
//	a line                                       is recorded
//	whose severity is a word: critical, HIGH     with the severity that the word means
//	whose severity is missing or not understood  with severity 2, flagged
//	with a key such as Title or NEXT_STEPS       as if it had the usual key
//	with bare NaN or Infinity                    as if these words were texts
//	with a text over 64 KiB                      with the text cut, and a mark at its end
//	of more than 512 KiB                         with known keys only and texts cut; it is not stored byte for byte
//
// # Invalid members
//
// An output, a sample or an issue line that is invalid does not block the others:
// it is left out, and the rest of the report is recorded. The response is a 200.
// It has the number of members that were left out (leftOut), and the first 20
// reasons in the form of a problem's errors (RFC 9457):
//
//	{"id":"…","state":"ended",…,"leftOut":1,
//	 "errors":[{"message":"invalid sample: …","location":"body.samples[3]"}]}
//
// If an issue line was left out, the outcome success or failure becomes error, so
// that the run does not resolve the issue that the line was about. The same applies if
// a line says that its task did not run (taskStatus SKIP or NOT RUN). The decision is
// recorded in infra/adr/0015-invalid-members-are-left-out.md.
//
// # Which issue a line is of
//
// A line is a sighting of one issue of the run's check (its task and resource).
// The other lines of the report do not matter.
//
//	the line has a fingerprint   the fingerprint decides alone
//	otherwise                    the SLX, taskName and resource (of the line, otherwise
//	                             of the run), and the title without what varies
//
// Amounts, ages, dates, addresses, ephemeral ports, IDs, the random suffixes of
// pods, colors, and singular or plural vary. Names, status codes, exit codes,
// SQLSTATEs, versions and service ports identify. Only the first KiB counts.
//
// Set a fingerprint if the titles of a task do not follow these rules: if a number
// is a name ("step 3"), an amount is a word ("no replicas"), or one title covers
// several things that must be tracked separately. A fingerprint is any text that
// stays the same from run to run, for example "replicas/redis-0":
//
//	{"title":"Pod redis-0 is not ready","severity":1,"fingerprint":"replicas/redis-0"}
//
// If one run has several lines of one issue, the issue shows the worst severity
// and the text of that line.
//
// One commit writes the run, its sightings
// (tenants/{t}/workspaces/{w}/runs/{run}/sightings), its samples (…/series), the
// audit entry and the outbox entry. One commit also writes a start with its audit
// entry.
//
//	report                                   result
//	the first one, the start is known        the run ends, and the event run.ended follows
//	the first one, the start is not known    the run ends, and the event follows after the start is recorded
//	the same one again, at any time          nothing changes; the order of outputs and of samples has no meaning
//	a different one                          409, and nothing changes
//
// When no part of the ended run can still arrive in time, functions/sweep records
// uploads.final in the audit log: how many parts are stored, missing, expired and
// quarantined.
//
// A run whose start is never recorded does not affect any check.
//
// # Lease
//
// A run whose runner is gone must not look as if it were running. So a runner calls
// at least every 5 minutes while its task runs: it requests uploads, or sends a
// heartbeat, which has no body. Any of these calls, and the start, renews the lease
// of 15 minutes. The response to a heartbeat has the end of the lease, or no
// leaseExpires if the run has ended:
//
//	{"id":"…","leaseExpires":"2026-01-02T03:20:00Z"}
//
// When the lease is over, the run is lost within about a minute:
//
//	state of the run      lost; it has no end and no outcome
//	state of its outputs  incomplete; the parts that are stored can be read
//	its check             unchanged: a lost run is inconclusive, so it resolves no issue
//
// If the runner calls again, the run is running. If it reports, even days later, the
// run ends as if it had not been lost.
//
// # Run
//
//	{"id":"…","state":"ended","task":"dns-check","slx":"dns","resource":"cluster-1","start":"…","end":"…",
//	 "outcome":"failure","exitCode":1,"outputs":[{"name":"stdout.log","parts":2}],"issues":1,"samples":1}
//
// # Queries
//
// POST …/runs/search returns {"runs":[…],"nextPageToken":"…"}, newest start first. Its
// body has these fields, all optional:
//
//	field                                  selects
//	task, slx, resource, outcome, state    runs with this value
//	from                                   runs that started at or after this time
//	to                                     runs that started before this time
//	idPrefix                               runs whose ID starts with this, sorted by ID; without
//	                                       other filters, and the first page only
//	pageSize                               at most this number of runs: 1 to 500, default 50
//	pageToken                              the next page of the same query
//
// A page of runs or samples ends after about 1 MiB, whatever its pageSize is.
//
// Runs whose start is unknown are last. With from or to, they are left out. A
// page token is valid only for the query that returned it. A run that starts
// between two pages does not shift the next page.
//
// GET …/slis/{sli}/samples has the parameters from, to, pageSize (1 to 100 runs,
// default 20) and pageToken. It returns
// {"series":[{"run","slx","samples":[{"time","value"}]}],"nextPageToken"}, sorted
// by the time of each run's last sample.
//
// GET …/runs/{run}/issues returns the issue lines of the report as
// application/jsonl, byte for byte. The audit entry is written before the
// response. If a later line cannot be read, the connection breaks.
//
// # Statuses
//
//	200  done, now or by an earlier call
//	400  the workspace, run ID, SLI name or page token is invalid, or the body is not
//	     strict JSON
//	401  the token is missing or invalid
//	403  the role does not allow this, the role has no access to the workspace, the run
//	     belongs to another identity, the tenant is suspended, or (GET …/issues) the
//	     tenant's key is disabled or destroyed
//	404  the workspace has no such run (GET)
//	409  the run was already recorded with different values, or its ID is used in another workspace
//	413  the body is larger than 8 MiB (report) or 256 KiB
//	422  a value is invalid, two filters contradict each other, or the report has too many
//	     members; see errors
//	429  wait as long as Retry-After says, because one of these is reached:
//	     - the caller sends more than 100 requests a second
//	     - a quota of the tenant or the workspace: runs, sightings or samples in a day, or
//	       requests in a minute (quota-exceeded)
//	503  try again later; for a report, also while the tenant's key is disabled
//
// Errors are application/problem+json (RFC 9457).
//
// # Event
//
// When the start and the end of a run are known, a message is published on the
// topic run-events at least once. It has no data. Its attributes are tenant,
// workspace, run, kind (run.ended) and entry.
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT       ID of the platform's project
//	STRONGROOM_AUDIENCE        prefix of the audience of every token, for example https://strongroom.dev
//	STRONGROOM_AUDIT_KEY       projects/…/cryptoKeys/…, the key of the audit log
//	STRONGROOM_PAGE_TOKEN_KEY  the key that authenticates page tokens, the same in all instances
//
// # Identity
//
// The function's service account needs these roles:
//
//	strongroom.documentWriter                   the database (it deletes nothing)
//	roles/datastore.viewer                      the directory
//	roles/cloudkms.cryptoKeyEncrypter           the audit key
//	roles/cloudkms.cryptoKeyEncrypterDecrypter  each tenant's key
//	roles/pubsub.publisher                      the topic run-events
//
// # Try it
//
// Run go run ./emulator, and then:
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
//	curl -s "$API/v1/workspaces/prod/runs/search" -H "Authorization: Bearer $(token viewer)" \
//	  -H 'Content-Type: application/json' -d '{"task":"dns-check"}'
package runs

// Package runs is the function that records runs: one execution of a task each,
// from its start to its report.
//
// # Methods
//
//	PUT  /v1/workspaces/{workspace}/runs/{run}         runner
//	POST /v1/workspaces/{workspace}/runs/{run}/report  runner
//	GET  /v1/workspaces/{workspace}/runs/{run}         viewer, auditor, admin
//
// {run} is a UUIDv7 in lower case that the runner makes, so every call may be
// repeated. Start and report may come in either order. All answer with the run.
//
// # Start
//
//	{"task":"dns-check","slx":"dns","resource":"cluster-1","start":"2026-01-02T03:04:05Z"}
//
// task has 1 to 256 characters, slx and resource may be absent; times are kept
// in microseconds.
//
// # Report
//
//	{"end":"2026-01-02T03:05:00Z","outcome":"success","exitCode":0,
//	 "outputs":[{"name":"stdout.log","parts":2}]}
//
// outcome is success, failure (the check failed), error (the task broke),
// timeout or canceled. exitCode is the task's own, -1 if it is not known.
// outputs claims, for each name once, how many parts were put out, counted
// from 1: what of them never arrives is missing.
//
// # Run
//
//	{"id":"…","state":"ended","task":"dns-check","slx":"dns","resource":"cluster-1",
//	 "start":"…","end":"…","outcome":"success","exitCode":0,"outputs":[{"name":"stdout.log","parts":2}]}
//
// # Statuses
//
//	200  done, or told so before
//	400  the workspace or the run is misnamed, or the body is not strict JSON
//	401  no valid token
//	403  the role may not, the workspace is not open to it, or the tenant is suspended
//	404  the workspace has no such run (GET)
//	409  the run was told otherwise before, or its id is another workspace's
//	413  the body is larger than 256 KiB
//	422  a value is out of its bounds; errors says which
//	503  try again
//
// Errors are application/problem+json (RFC 9457).
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
// on the audit key. No events.
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
//	  -H 'Content-Type: application/json' -d '{"end":"2026-01-02T03:05:00Z","outcome":"success","exitCode":0}'
//	curl -s "$API/v1/workspaces/prod/runs/$RUN" -H "Authorization: Bearer $(token viewer)"
package runs

// Package assistantupdate folds (merges) ended runs into issues and SLIs, from
// which assistants answer. It is deployed as assistant-update.
//
// # Trigger
//
// The Pub/Sub topics run-events and replayed-run-events, pushed by Pub/Sub
// (cloud.google.com/pubsub/docs/push). A message has no data. Its
// attributes are tenant, workspace, run, kind (run.ended) and entry, and check, the ID of
// the run's check, unless a sweep has published the message: then the run is read first.
// Only the push account may call; the platform checks that before the code runs.
//
// # What an event does
//
// The event of a run folds the run's check (a task on a resource): up to 25 of the
// check's oldest pending runs, usually including this run.
//
//  1. Read the check and its pending runs. A run is pending from the commit that
//     completes it until it is folded.
//  2. Fold the runs' samples into the SLIs, one transaction for each SLI. It includes
//     up to 100 series that wait for this SLI, of any check.
//  3. Fold the runs and their sightings into the check and its issues, and mark the
//     runs as folded and their outbox entries as published, all in one commit. It fails if
//     the check, a run or an issue that it writes has changed since it was read; then
//     begin again. See infra/adr/0065.
//  4. Repeat until no run of the check is pending.
//
// An example: the runs r1 (found issues a and b) and r2 (a success, started later,
// found only a) are pending. One fold writes that a was seen by two runs and is
// open, and that b is resolved since r2. The result is the same if r2's event comes
// first, if both come at once, or if one comes twice: a fold writes absolute values
// that do not depend on the order of runs, and a run that is no longer pending is
// not folded again. A run resolves an issue only if it began after the last report
// that has the issue, by the platform's clock too. See infra/adr/0007 (runs), 0008
// (samples) and 0014 (clocks).
//
// # Limits
//
//   - A check, and an SLI, is written at most about once a second. An event that
//     comes earlier waits.
//   - In a process, one event of a check leads: it folds all pending runs of the check.
//     Other events of the check are acknowledged immediately, because the leader's
//     event is acknowledged only when no run of the check is pending. If the leader
//     fails, the next delivery of its event continues.
//   - After 25 seconds, a leader publishes a new event for a run that is still pending.
//     That event is processed after the events that are already queued.
//   - At most 8 events of a process wait at the same time, and 4 of one tenant. Pub/Sub
//     delivers any further event again after its backoff. So events that need not wait
//     find a free slot, however many runs other checks and tenants have.
//   - If the runs may resolve more than 300 issues of the check, which is too many for
//     one commit, the issues that the runs did not see are resolved before it,
//     page by page. Each page is correct by itself. If another fold comes in between,
//     all pages are written again with the same result.
//   - An issue shows the newest run that saw it. If that run has several sightings
//     of the issue, the worst severity counts. The issue stores the line of that
//     sighting, sealed for the issue, and the first KiB of its title.
//
// # Answers
//
//	204 or 200  folded now or before, or another event folds it; or the message was
//	            permanently rejected and is recorded in the quarantine
//	500         deliver again: Firestore or KMS failed, too many events wait, or the
//	            tenant's key is disabled
//
// A message is rejected with one of these codes:
//
//	malformed       it is not a Pub/Sub message
//	unknown-kind    its kind is not run.ended
//	bad-reference   a name in it is not valid, or its run is of another check
//	no-such-tenant  there is no such tenant
//	no-such-run     there is no such run
//
// After 20 attempts, a message becomes a dead letter on run-events-dead. The run
// stays pending. It is folded by the next event of its check, or by its own, which
// sweep publishes again every 3 hours. functions/replay redelivers dead letters and
// rejected messages.
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT  the platform's project
//
// # Identity
//
// strongroom.documentWriter on each database (it deletes nothing), roles/datastore.viewer
// on the directory, roles/cloudkms.cryptoKeyEncrypterDecrypter on each tenant's
// key, roles/pubsub.publisher on run-events.
//
// # Try it
//
// While go run ./emulator runs, report a run that found an issue, and wait until its
// event is folded and the issue is listed:
//
//	API=http://127.0.0.1:8080 RUN=0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e12
//	token() { curl -s "$API/emulator/token?tenant=acme&as=$1" | grep -o 'eyJ[^"]*'; }
//	as() { who=$1; shift; curl -s -H "Authorization: Bearer $(token $who)" -H 'Content-Type: application/json' "$@"; }
//	W=$API/v1/workspaces/prod
//	as runner -X PUT $W/runs/$RUN -d '{"task":"disk-check","slx":"disk","resource":"node-1","start":"2026-01-02T03:04:05Z"}'
//	as runner $W/runs/$RUN/report -d '{"end":"2026-01-02T03:05:00Z","outcome":"failure","exitCode":1,
//	  "issues":[{"line":"{\"severity\":2,\"title\":\"The disk is full\"}"}]}'
//	until as viewer $W/issues/search -d '{"slx":"disk"}' | grep '"state":"detected"'; do sleep 1; done
package assistantupdate

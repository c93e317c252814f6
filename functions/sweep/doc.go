// Package sweep is the function that completes what other functions left open: events
// that their writer could not publish, grants whose upload never arrived, ended runs
// with a missing part, and runs whose runner is gone.
//
// # Trigger
//
// POST /, every minute, by Cloud Scheduler as its own service account. The platform
// checks that before the code runs. Concurrent sweeps are safe.
//
// # What it does in every tenant's database
//
// It takes all steps at the same time, except that step 5 begins when the others have
// ended. So publishing never waits for the steps that decide about uploads. If those took
// more than 15 seconds, step 1 is repeated during step 5.
//
//  1. It publishes every pending outbox entry (tenants/{t}/outbox) that is older
//     than 15 seconds. Its writer crashed or could not reach Pub/Sub. The event may
//     have been published before.
//  2. If a completed run is still unprocessed after 3 hours, it republishes the run's
//     event as a new outbox entry. It repeats that every 3 hours. The event can have
//     become a dead letter, for example because the tenant's key was disabled. Only
//     the newest run of a check is republished; processing it also processes the
//     older runs.
//  3. It marks each running run as lost if its runner has not called for 15 minutes.
//     A later call of the runner makes the run running again, and a later report ends
//     it.
//  4. It sets the final state of grants (see the table).
//  5. It marks each ended run without a pending grant as grantsFinal, and does not read
//     the run again. In the same transaction, it records uploads.final in the tenant's
//     audit log, unless the run has no grant (see below).
//  6. It records outputs.read.end for each view of an output that expired without being
//     closed, with the bytes that it sent.
//  7. If a configuration's commit has been in effect for 3 hours, and the workspace's graph is
//     of another one, it republishes the event of the configuration as a new outbox entry. It
//     repeats that every 3 hours. The event can have become a dead letter, as in step 2.
//
// The states of grants:
//
//	grant                 its run                                       new state
//	pending and overdue   claims the part                               missing
//	pending and overdue   does not claim the part, or has not ended     expired
//	expired               has claimed the part since the grant expired  missing
//	renewed or stored     any                                           unchanged
//
// # How mints end in the audit log
//
// uploads.final says how the parts of the run's uploads.mint entries ended:
//
//	resource  runs/{run}
//	counts    stored, missing, expired, quarantined: parts in each state
//
// There is one such entry for each run that ended. Three things reopen the run, and
// the next sweep then records another entry, of which the newest counts:
//
//   - a missing part is granted again
//   - a missing or expired part arrives late
//   - an object that does not match its grant arrives late
//
// A run that never reports has no such entry, because its uploads can continue.
//
// # Turns
//
// Each step processes 100 documents of one tenant, then 100 of the next, and so on,
// so a tenant with a large backlog does not delay the others. The documents of a page are
// processed at the same time. A step processes at most 50 such pages of a tenant, which
// are 5,000 runs, and takes at most 45 seconds. The next sweep continues. If a page, run or
// database fails, the sweep continues with the others. BenchmarkSweep measures the rate.
//
// While the tenants that share a database have less than one page together, one query
// reads the documents of all of them.
//
// # Responses
//
//	200  {"expired":3,"missing":1,"finalized":2,"published":1,"lost":0,"republished":0,"configs":0,"more":false}
//	     more: the next sweep has work left
//	500  something failed; the rest is done, and the next sweep tries again
//	503  the same for a transient failure
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT  the platform's project
//	STRONGROOM_AUDIT_KEY  projects/…/cryptoKeys/… that encrypts the audit log
//
// # IAM
//
//	strongroom.documentWriter          on each database (it deletes nothing)
//	roles/datastore.viewer             on the directory
//	roles/cloudkms.cryptoKeyEncrypter  on the audit key
//	roles/pubsub.publisher             on run-events, export-parts and config-events
//
// The function has no role on any tenant's key or bucket.
//
// # Try it
//
// While go run ./emulator runs, the embedded scheduler calls the function every
// minute. Other callers are rejected:
//
//	curl -si -X POST http://127.0.0.1:8080/functions/sweep
package sweep

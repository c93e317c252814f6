// Package sweep is the function that tidies up what time has decided: events
// that their writer could not publish, grants whose upload never came, and ended
// runs that miss a part.
//
// # Trigger
//
// POST /, each minute, by Cloud Scheduler as its own service account. The
// platform checks that before the code runs. Two sweeps at once do no harm.
//
// # What it does, in every tenant's database
//
//	grant is            and its run                   becomes
//	pending, overdue    claims the part               missing
//	pending, overdue    does not, or has not ended    expired
//	expired             claims the part since         missing
//	renewed or stored   whatever it claims            unchanged
//
// An outbox entry (tenants/{t}/outbox) older than 15 seconds is published and
// deleted: whoever wrote it crashed, or could not reach Pub/Sub. It may have been
// published before.
//
// A run that nobody has taken in 3 hours after it was complete is told of again,
// by a new outbox entry, and then each 3 hours: its event became a dead letter,
// since the tenant's key was off for that long, say. Of the runs of one check it
// is the newest that is told of, with which the older ones are taken in.
//
// A run that has ended and has no pending grant is marked settled, and is not
// looked at again. One sweep goes through at most 50 pages of 100 entries,
// grants or runs, of each of these kinds, in a database; what is left is the next one's. What
// fails for one page, run or database does not keep the others waiting.
//
// # Answers
//
//	200  {"expired":3,"missing":1,"settled":2,"published":1,"retold":0,"more":false}; more: something is left
//	500  something could not be done; the rest was, and the next sweep tries again
//	503  the same, and it may pass soon
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT  the platform's project
//
// # Identity
//
// roles/datastore.user on the database, roles/pubsub.publisher on run-events; no
// key and no bucket.
//
// # Try it
//
// With go run ./emulator at work the embedded scheduler calls each minute.
// Everybody else is refused:
//
//	curl -si -X POST http://127.0.0.1:8080/functions/sweep
package sweep

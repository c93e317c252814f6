// Package reseal is the function that brings free texts to their tenant's newest
// data key, so that no data key locks anything much longer than the 90 days in
// which it seals.
//
// # Trigger
//
// POST /, once an hour, by Cloud Scheduler as its own service account. The
// platform checks that before the code runs. Two calls at once do no harm.
//
// It is apart from sweep, which has no role on any tenant's key and needs none.
//
// # What it does
//
// It goes round the tenants that are active, and has each seal anew up to 320
// documents of each field at a time, until all is done or four minutes are over;
// the next call goes on where this one stopped. The fields are
//
//	sightings.line, issues.text, assistants.name
//
// Each call begins the next epoch of data keys where one is due. Ten minutes after
// it began, when no process seals under the last key any more, values are moved;
// until then the tenant waits. The text itself, its place and its length do not
// change, and neither does any other field.
//
//	tenant is                            then
//	suspended                            it is passed over; once it is active, the next call brings it along
//	active, and its key is off           it is passed over and counted as locked
//	active, and a value never opens      the value's path is logged once, and the others go on
//	active, and something else fails     the other fields and tenants go on; the next call tries again
//
// Audit entries are not the tenant's but the platform's, under its audit key, and
// stay as they are.
//
// # Answers
//
//	200  {"resealed":640,"done":7,"locked":1,"more":true}; done: tenants whose every value is under the newest key;
//	     more: something is left for the next call
//	500  something could not be done; the rest was, and the next call tries again
//	503  the same, and it may pass soon
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT  the platform's project
//
// # Identity
//
// roles/datastore.user on the database, roles/cloudkms.cryptoKeyEncrypterDecrypter
// on each tenant's key; no topic and no bucket.
//
// # Try it
//
// With go run ./emulator at work the embedded scheduler calls 23 minutes after
// each hour. Everybody else is refused:
//
//	curl -si -X POST http://127.0.0.1:8080/functions/reseal
package reseal

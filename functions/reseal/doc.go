// Package reseal is the function that seals each tenant's free texts again under the
// tenant's newest data key. A data key seals new values for 90 days. After that, reseal
// moves its values to the next data key.
//
// # Trigger
//
// POST /, every hour, by Cloud Scheduler as its own service account. The platform
// checks that before the code runs. Concurrent calls are safe.
//
// The function is separate from sweep, because sweep needs no role on any tenant's
// key.
//
// # What it does
//
// It processes the active tenants in turn, 320 documents of each field at a time,
// until all are done or 4 minutes are over. The next call continues. The fields are
//
//	sightings.line, issues.text, assistants.name
//
// A call creates the tenant's next data key when the newest is 90 days old. For 10
// minutes after that, other processes may still seal under the previous key, so the
// values are resealed after these 10 minutes. Only the sealed value changes: its text,
// its document and every other field stay the same.
//
//	tenant                                          result
//	suspended                                       skipped; processed again once the tenant is active
//	active, and its key is unavailable              skipped, and counted as locked
//	active, and a value cannot be decrypted         the value's path is logged once; the other values are processed
//	active, and something else fails                the other fields and tenants are processed; the next call tries again
//
// Audit entries are sealed under the platform's audit key and are not resealed.
//
// # Responses
//
//	200  {"resealed":640,"done":7,"locked":1,"more":true}
//	     done: tenants whose values are all under the newest key
//	     more: the next call has work left
//	500  something failed; the rest is done, and the next call tries again
//	503  the same for a transient failure
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT  the platform's project
//
// # IAM
//
//	strongroom.documentWriter                   on each database: reads and writes, deletes nothing
//	roles/datastore.viewer                      on the directory
//	roles/cloudkms.cryptoKeyEncrypterDecrypter  on each tenant's key
//
// The function has no role on any topic or bucket.
//
// # Try it
//
// While go run ./emulator runs, the embedded scheduler calls the function 23 minutes
// after each hour. Other callers are rejected:
//
//	curl -si -X POST http://127.0.0.1:8080/functions/reseal
package reseal

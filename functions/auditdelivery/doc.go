// Package auditdelivery sends audit logs to their tenants: it publishes the entries of
// a log to the Pub/Sub topic that the tenant's record names. Tools that the tenant
// already uses, such as Splunk, read them there. It is deployed as audit-delivery.
//
// # Trigger
//
// POST /, every minute, by Cloud Scheduler as its own service account. The platform
// checks that before the code runs.
//
// # Messages
//
//	data          the entry, as canonical JSON: the bytes of its leaf in the log's tree
//	attributes    index (in the log, from 0), id, action
//	ordering key  the log's origin, HOST/v1/tenants/{tenant}/audit/log
//
// Only published entries are delivered, so the receiver can verify each one against
// the log (c2sp.org/tlog-tiles).
//
// # What a receiver can rely on
//
//   - Each entry is delivered at least once, also after crashes and lost replies.
//   - An entry may be delivered again. Use the index to ignore repeated ones.
//   - The first delivery of an entry comes after the first deliveries of all entries
//     before it. The subscription must have message ordering enabled.
//   - A missing index means that messages were lost behind the topic. Read the
//     entries from the log itself.
//
// # The state of a delivery
//
// tenants/{t}/auditDelivery/state has the cursor (shared/auditlog.Delivery). A topic
// that is named for the first time receives the log from its first entry. If the
// record names another topic, that one receives what the old one had not received.
//
//	the topic                            what happens
//	takes the messages                   the cursor moves on
//	does not answer, or fails for now    the next call tries again
//	refuses (it does not exist, the      the code and the time are in the state, and the
//	  account may not publish, its key   topic is tried again after 10 minutes
//	  is disabled)
//
// A topic that refuses or hangs delays no other tenant, and the log is published all
// the same. For each log whose entries wait, every call logs the line "audit log not
// delivered" with the tenant, the number of entries and the seconds since when they
// wait. A metric and an alert read it.
//
// # Responses
//
//	200  {"entries":12,"logs":2,"behind":1,"more":false}
//	500  the directory cannot be read; the next call tries again
//	503  the same for a transient failure
//
//	field    meaning
//	entries  entries that were delivered
//	logs     logs of which entries were delivered
//	behind   logs whose published entries are not all delivered
//	more     the time limit of 50 seconds ended the work; the next call continues
//
// A minute without new entries costs two reads for each tenant that has a topic.
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT  the platform's project
//	STRONGROOM_AUDIT_KEY  projects/…/cryptoKeys/… that seals entries
//	STRONGROOM_HOST       host name of the API, the beginning of every log's origin
//
// # IAM
//
//	strongroom.documentWriter          on each database: reads and writes, deletes nothing
//	roles/datastore.viewer             on the directory
//	roles/cloudkms.cryptoKeyDecrypter  on the audit key
//	roles/storage.legacyObjectReader   on each tenant's audit bucket: entries whose documents have expired
//	roles/pubsub.publisher             on the tenants' audit topics
//
// It is not part of audit-integrator, so that the account that signs checkpoints can
// send nothing out of the platform, and the account that sends cannot sign.
//
// # Try it
//
// While go run ./emulator runs, the embedded scheduler calls the function every
// minute. Other callers are rejected:
//
//	curl -si -X POST http://127.0.0.1:8080/functions/audit-delivery
package auditdelivery

// Package auditintegrator publishes audit logs: it assigns each new entry its index in
// the log's Merkle tree, writes the tree to the audit bucket, and signs a checkpoint.
// It is deployed as audit-integrator.
//
// # Trigger
//
// POST /, every minute, by Cloud Scheduler as its own service account. The platform
// checks that before the code runs. Concurrent calls are safe.
//
// # Steps
//
//  1. A transaction assigns the next indexes to the pending entries of a log, in the
//     order of their times and then of their IDs. An entry that commits late
//     receives a later index.
//  2. The full entry bundles and tiles of the new entries, and then
//     checkpoint/SIZE, are created in the log's audit bucket. An object is
//     created once and is under the bucket's retention lock.
//  3. A transaction makes the new tree the published one.
//
// The order is fixed in step 1, and everything after it is computed from that order. So
// concurrent integrators, and an integrator that repeats the work of a crashed one,
// create the same bytes. An object that exists with other bytes is a fork: the
// function publishes no more of this log, and every call logs an error. The reasons
// are in infra/adr/0012-audit-log-tree.md.
//
// Partial bundles and tiles are not written to the bucket, because the lock would
// keep every one of them for years. The partial tiles are in the tree's document
// (shared/auditlog.Tree), and the entries of a partial bundle are in Firestore.
//
// # Responses
//
//	200  {"entries":12,"logs":2,"unreadable":0,"signed":1,"failed":0,"delaySeconds":58,"more":false}
//	500  a database or the directory cannot be read; the next call tries again
//	503  the same for a transient failure
//
//	field         meaning
//	entries       entries that received an index
//	logs          logs with a new published tree
//	unreadable    entries that cannot be opened; they are set aside and logged
//	signed        idle logs whose checkpoint was signed again
//	failed        logs that failed; each is logged and retried in the next minute
//	delaySeconds  longest time from an entry to the checkpoint that covers it. The oldest
//	              entries are published first, so it shows a backlog; a metric and an alert
//	              read it
//	more          the time limit of 50 seconds ended the work; the next call continues
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT              the platform's project
//	STRONGROOM_AUDIT_KEY              projects/…/cryptoKeys/… that seals entries
//	STRONGROOM_LOG_KEY                projects/…/cryptoKeys/… of Ed25519 that signs checkpoints
//	STRONGROOM_HOST                   host name of the API, the beginning of every log's origin
//	STRONGROOM_PLATFORM_AUDIT_BUCKET  bucket of the platform's own log
//
// # IAM
//
//	strongroom.documentWriter          on each database: reads and writes, deletes nothing
//	roles/datastore.viewer             on the directory
//	roles/cloudkms.cryptoKeyDecrypter  on the audit key
//	roles/cloudkms.signer              on the log key
//	roles/cloudkms.publicKeyViewer     on the log key
//	roles/cloudkms.viewer              on the log key: lists its versions
//	roles/storage.objectCreator        on every audit bucket
//	roles/storage.legacyObjectReader   on every audit bucket: gets objects, lists none
//
// The function has no role on outputs, exports or tenants' keys.
//
// # Try it
//
// While go run ./emulator runs, the embedded scheduler calls the function every
// minute. Other callers are rejected:
//
//	curl -si -X POST http://127.0.0.1:8080/functions/audit-integrator
package auditintegrator

// Package exportworker is the function that writes exports, part by part. It is
// deployed as export-worker.
//
// # Trigger
//
// Pub/Sub topic export-parts, pushed by Pub/Sub
// (cloud.google.com/pubsub/docs/push). The messages have references only:
//
//	attributes  tenant, export, part, entry
//
// Only the push account may call the function. The platform checks that before the
// code runs.
//
// # Parts
//
//	part      what it does                                             then
//	plan      the first one: decides which audit entries are exported  a plan for each table
//	plan      of a table: divides its documents by their names         rows, and more plans
//	rows      writes one file of at most 10,000 documents or 16 MiB    rows, if it reached a limit
//	rows      of outputparts: also copies the objects of these rows    rows, if it reached a limit
//	rows      of configs: also writes the bundle of one configuration  rows, if there are more
//	list      writes the names of the files of at most 5,000 parts     another list, or the manifest
//	manifest  writes the schemas, the manifest and its signature       the export is done
//
// Every part reads at the read time of its export. Before that time, it is delivered
// again later. A part takes at most two minutes and needs little memory, whatever the
// tenant stores. The transaction that finishes a part creates the parts that follow
// from it, with their messages in the outbox. The lists begin when no part that plans
// or has rows is left.
//
// # Duplicates
//
// A message may be delivered twice, late, and to two workers at once. Both write the
// same rows, because they read at the same time and stop at the same row. A file's
// name contains the SHA-256 of its bytes, and it is created once, so equal files are
// one object. The first of the two that commits finishes the part; the other one
// changes nothing. If their bytes differ, because a new version of this function
// writes other bytes, there are two objects, and the part names one. The other belongs
// to nothing: only files that the manifest names are part of an export.
//
// An export has each document once. Several exports may have the same document: if
// their ranges overlap, or if it was written again. Ranges that follow each other, as
// the windows of a schedule do, have each document that was written in a range in the
// export of that range only. To join exports, use for each document the row of the
// export with the latest read time.
//
// # Outputs
//
// The kind outputs has a row for each part of an output. Objects that are stored are
// copied by Cloud Storage, from the bucket of each run to the bucket of the export. The
// function sends rewrite requests and never a request for an object's bytes
// (infra/adr/0028). A row whose object is pending, missing or quarantined has no copy.
// If notifications about an object contradict each other, the bucket decides.
//
// # Configurations
//
// The kind configuration has a row for the configuration of each workspace, with the commit
// that its document names at the read time. A commit that comes into effect later changes
// nothing. The function reads the packs of this commit from the tenant's configs bucket into
// memory, at most 48 MiB of objects, and writes one git bundle (shared/gitbundle). So a part
// writes one bundle, and an instance one at a time. A pack that does not exist any more, as
// after a reset, makes the configuration missing. If the files of the commit have another
// digest than the document says, the export fails (infra/adr/0050).
//
// # Errors
//
//	the tenant's key is disabled      the export is paused; export-scheduler publishes its
//	                                  parts again every 15 minutes
//	the owner of a bucket has         the same, with the reason storage-unavailable
//	withdrawn the access
//	a document cannot be decoded      the export fails, and names the part
//	an audit entry is missing         the export fails, and names the part
//	the read time is too old          the export fails
//	the export has ended              nothing: a late part has no effect
//	anything else                     Pub/Sub delivers the message again
//
// # Responses
//
//	204 or 200  done, or permanently rejected: the message is not a Pub/Sub message, or it
//	            names no part. The rejection is logged, and the message's references are in
//	            the platform's database, at quarantine/export-worker-{message}
//	500         Pub/Sub delivers the message again. After 20 attempts the message is a dead
//	            letter on export-parts-dead, and export-scheduler publishes it again
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT     the platform's project
//	STRONGROOM_AUDIT_KEY     projects/…/cryptoKeys/… that encrypts the audit log
//	STRONGROOM_MANIFEST_KEY  projects/…/cryptoKeys/… of Ed25519 that signs manifests
//	STRONGROOM_HOST          host name of the API, the beginning of the name that signs
//
// # IAM
//
//	strongroom.documentWriter                   on each database: reads and writes, deletes nothing
//	roles/datastore.viewer                      on the directory
//	roles/cloudkms.cryptoKeyEncrypter           on the audit key
//	roles/cloudkms.cryptoKeyDecrypter           on the audit key: exports audit logs
//	roles/cloudkms.cryptoKeyDecrypter           on each tenant's key
//	roles/cloudkms.signer                       on the manifest key
//	roles/cloudkms.publicKeyViewer              on the manifest key
//	roles/cloudkms.viewer                       on the manifest key: lists its versions
//	roles/storage.legacyObjectReader            on each tenant's outputs bucket: copies objects, see Outputs
//	roles/storage.legacyObjectReader            on each tenant's configs bucket: reads packs, see Configurations
//	roles/storage.objectCreator                 on each tenant's exports bucket
//	roles/storage.legacyObjectReader            on each tenant's audit bucket: proves the entry of the request, and reads old entries
//	roles/pubsub.publisher                      on export-parts
//
// The function cannot read what it wrote. It could read output, but never does.
//
// # Try it
//
// While go run ./emulator runs, the function writes each export that is created; see
// functions/exports. A call without the push account's token is rejected:
//
//	curl -si -X POST http://127.0.0.1:8080/functions/export-worker
package exportworker

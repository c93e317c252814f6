// Package exports is the function with which a tenant exports everything: its audit
// log, its metadata, its configurations, the inventory of its output, and the output itself. The files are
// written to the tenant's exports bucket, under the key of the tenant or of the customer, with a
// signed manifest.
//
// # Methods
//
//	PUT    /v1/exports/{export}                  auditor, admin   create an export
//	GET    /v1/exports                           auditor, admin   list exports, newest first
//	GET    /v1/exports/{export}                  auditor, admin   show an export and its progress
//	POST   /v1/exports/{export}/cancel           auditor, admin   cancel an export
//	GET    /v1/exports/{export}/files            auditor, admin   list its files with URLs that read them
//	PUT    /v1/tenants/{tenant}/exports/{export} platform         create an export; its files stay with the tenant
//	PUT    /v1/export-schedules/{schedule}       auditor, admin   create or change a schedule
//	GET    /v1/export-schedules/{schedule}       auditor, admin   show a schedule
//	GET    /v1/export-schedules                  auditor, admin   list schedules
//	DELETE /v1/export-schedules/{schedule}       auditor, admin   delete a schedule; its exports remain
//
// # Create
//
// {export} is a lowercase UUIDv7 that the client creates. The same request may be
// sent again: it returns the export.
//
//	{"kinds": ["audit","metadata"],       audit, configuration, inventory, metadata, outputs
//	 "workspaces": ["prod"],              optional; at most 100; default: all
//	 "from": "2026-01-01T00:00:00Z",      optional; a whole minute
//	 "to": "2026-02-01T00:00:00Z",        optional; a whole minute, at most 6 days ago
//	 "format": "jsonl"}                   optional; JSON Lines, compressed with gzip
//
// The export has all documents as they were at one time: at "to", or at the next
// whole minute. With "from", it has only those that were written after that time, if
// only by a change. So the exports of consecutive times, from one "to" to
// the next, have every change.
//
//	kind       tables
//	audit      audit: the entries of the log up to the checkpoint of the read time; with
//	           "from", those that were published after it (if "from" is more than 7 days
//	           ago, all)
//	metadata   runs, samples, sightings, issues, slis, assistants
//	inventory  grants: every part that was ever granted, with its final state
//	outputs    outputparts: the same parts, in the order of their outputs, and a copy of each
//	           object that is stored
//	configuration
//	           configs: the commit in effect of each workspace, and its whole history as a
//	           git bundle; with "from", of the workspaces of which another commit came into
//	           effect. configreviews: who reviewed which tree, and waived which findings
//
// The rows of each table are described by a JSON Schema in the export, with the data
// class of each field (shared/export). The format of the directory and the manifest is
// described in shared/manifest, which also verifies an export offline.
//
// The staff's method creates an export in the tenant's bucket. It returns no URL, and
// staff cannot read the bucket. It is in the tenant's audit log.
//
// # States
//
//	queued    waits for the read time, at most a minute
//	running   parts are being written
//	paused    the tenant's key is disabled (key-locked), or the owner of a bucket has withdrawn
//	          the access (storage-unavailable); the export continues within 15 minutes after
//	          that has ended, and fails after a day
//	done      the manifest is written
//	failed    "reason" is key-locked, storage-unavailable, read-time-too-old (more than 7 days), unreadable-data
//	          or missing-entry; "failedPart" names the part. The files that are written remain
//	canceled  a person canceled it. The files that are written remain
//
// Only an export that is done has a manifest, and only its files are listed.
//
// # Files
//
// GET …/files has the parameters pageSize (1 to 100 files, default 100) and pageToken:
//
//	{"files":[{"name":"runs/….jsonl.gz","size":51234,"crc32c":"…","sha256":"…","rows":10000,
//	  "url":"https://…","expires":"…"}],"nextPageToken":"…"}
//
// A file of the kind outputs is a part of an output. It also has "checksum" (sha256, or
// crc32c-only if the runner declared no SHA-256), and the "path" of the file that is
// assembled from it and its neighbors, with its "offset" in bytes: its last element is
// the name of the output (shared/outputname). Of a name with more than 200 characters, it
// is the first 160, "@", and 32 hexadecimal digits of the SHA-256 of the name.
//
// The bundle of a configuration also has the "path" that pull stores it as, such as
// configuration/prod.bundle. Whoever may export may read the configuration with git, too.
//
// A URL reads this one file, for 15 minutes. It acts as an account that can read
// objects of exports buckets and nothing else (infra/adr/0025).
//
// "bucket" of an export has its files, also after the tenant's storage has changed. In a bucket of
// the customer's project, the function reads the first byte of the first file that is listed, with
// a URL of the same kind. If the bucket refuses that, the list is refused with 403
// storage-unavailable, and a second entry of the audit log says so (infra/adr/0079).
//
// # Schedules
//
//	{"kinds":["metadata"],"every":"daily","timeZone":"Europe/Berlin"}
//
// Each window is exported once, after its end, as of its end: an hour, a day from
// midnight, a week from Monday, or a month from its first day, in the time zone. If
// windows were missed, they are exported later. A window whose end is more than 6 days
// ago becomes part of the next one. While the tenant's key is disabled, windows wait,
// and "keyLocked" is true.
//
// # Status
//
//	200  done
//	400  {export} is not a UUIDv7, the name of the schedule is not valid, the body is not
//	     strict JSON, or the page token is not valid
//	401  the token is missing or invalid; counted, not audited
//	403  audited: the role does not allow this, the tenant is suspended, the tenant's key
//	     is disabled, or the owner of the bucket has withdrawn the access (storage-unavailable)
//	404  no such export, schedule or tenant
//	409  one of:
//	     - the export ID is used for another request
//	     - the export has ended, so it cannot be canceled
//	     - the export is not done, so it has no files yet
//	     - the tenant has 20 schedules
//	413  the body is larger than 256 KiB
//	415  the body is not application/json
//	422  a field is invalid ("errors" lists each field): for example a kind that does not
//	     exist, a range that ends before it begins or in the future,
//	     or a workspace that the tenant does not have
//	429  wait as long as Retry-After says, because one of these is reached:
//	     - 5 exports of the tenant are not done
//	     - the caller sends more than 100 requests a second
//	     - the tenant's quota of exports in a day, or of requests in a minute (quota-exceeded);
//	       exports that staff or a schedule begins do not count
//	503  try again
//
// Errors are application/problem+json (RFC 9457). The audit log has an entry before an
// export begins or ends, before a URL exists, and with each change of a schedule.
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT       the platform's project
//	STRONGROOM_AUDIENCE        the prefix of every token's audience
//	STRONGROOM_AUDIT_KEY       projects/…/cryptoKeys/… that encrypts the audit log
//	STRONGROOM_PAGE_TOKEN_KEY  the key that authenticates page tokens, the same in all instances
//	STRONGROOM_EXPORT_READER   email of the account that URLs of files act as
//
// # IAM
//
//	roles/datastore.user                        on each database
//	roles/datastore.viewer                      on the directory
//	roles/cloudkms.cryptoKeyEncrypter           on the audit key
//	roles/cloudkms.cryptoKeyEncrypter           on each tenant's key: finds out whether it is enabled
//	strongroom.blobSigner                       on the reader of exports: signs, creates no tokens
//	roles/pubsub.publisher                      on export-parts
//
// The function cannot decrypt anything, and has no role on any bucket. In a customer's bucket, it
// reads a byte as the reader of exports.
//
// # Events
//
// It publishes the first part of each export to export-parts; see
// functions/exportworker.
//
// # Try it
//
// While go run ./emulator runs, create an export, and show it:
//
//	API=http://127.0.0.1:8080
//	TOKEN=$(curl -s "$API/emulator/token?tenant=acme&as=auditor" | grep -o 'eyJ[^"]*')
//	as() { curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"; }
//	ID=0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e31
//	as -X PUT $API/v1/exports/$ID -d '{"kinds":["audit","metadata","configuration","inventory","outputs"]}'
//	as $API/v1/exports/$ID
//	as $API/v1/exports
//	as -X PUT $API/v1/export-schedules/nightly -d '{"kinds":["metadata"],"every":"daily","timeZone":"Europe/Berlin"}'
//	as $API/v1/export-schedules
//
// A viewer is rejected:
//
//	TOKEN=$(curl -s "http://127.0.0.1:8080/emulator/token?tenant=acme&as=viewer" | grep -o 'eyJ[^"]*')
//	curl -s -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/v1/exports
package exports

// Package custody is the function that takes objects into custody. When a tenant's
// bucket reports that an object is complete, the object's grant becomes stored.
//
// # Trigger
//
// Pub/Sub topics object-events and replayed-object-events, pushed by Pub/Sub
// (cloud.google.com/pubsub/docs/push). The messages are the buckets'
// own notifications (eventType OBJECT_FINALIZE, payload JSON_API_V1):
//
//	attributes  eventType, bucketId, objectId
//	data        {"bucket","name","generation","size","crc32c","contentType","timeCreated"}
//
// Only the push account may call the function. The platform checks that before the
// code runs.
//
// # What happens to an object
//
//	object                                          grant        also recorded
//	matches its grant, and the grant is pending,    stored       generation, size, CRC32C, type, time
//	  expired or missing, however late
//	the same, and the grant is quarantined          stored, disputed
//	the stored generation again                     unchanged
//	the stored generation with other properties     disputed     quarantine "contradiction"
//	another generation than the stored one, and it  disputed     quarantine "second-generation"
//	  matches the grant
//	another generation, and it does not match       unchanged    quarantine "second-generation"
//	type, size or CRC32C differs from the grant     quarantined  quarantine "mismatch"
//	has metadata that its URL does not allow        quarantined  quarantine "metadata"
//	in another bucket than its run                  unchanged    quarantine "other-bucket"
//	has no grant                                    none         quarantine "no-grant"
//	not named {workspace}/{run}/{output}/{part}     none         quarantine "invalid-name"
//
// The metadata is contentEncoding, contentDisposition, contentLanguage, cacheControl,
// customTime or custom metadata. An upload URL signs none of it, and it changes what
// a download from the bucket returns.
//
// A bucket creates a part at most once, so two messages that contradict each other
// cannot both be the bucket's. Custody cannot ask the bucket, so it marks the grant
// as disputed. Before outputs reads a disputed part, it asks the bucket which object
// exists (infra/adr/0018-runs-have-owners.md).
//
// The buckets of a tenant are the outputs bucket of its record and the earlier ones. The probe
// of a verification of the storage (functions/tenants) is no part of an output: custody records
// that its notification arrived, and which key encrypts it, also if the bucket is in no record
// yet. It does so only for the last verification of the tenant, in the bucket that is verified.
//
// An object in quarantine is recorded once, at tenants/{t}/quarantine/{id} and as
// custody.quarantine in the tenant's audit log. It is never served and never moved.
//
// If the grants of the run are final already (functions/sweep), a change of a grant's
// state reopens the run. The sweep then records the final states again.
//
// Messages may arrive twice, late and out of order. A repeated message changes
// nothing.
//
// # Responses
//
//	204 or 200  done, or permanently rejected: the message is not a Pub/Sub message, or not a
//	            notification of a finalized object. That includes JSON that has a duplicate name or
//	            a known name in another case, or that differs from the attributes. The rejection is
//	            logged, and the message's references are in the platform's database, at
//	            quarantine/custody-{message}
//	500         Pub/Sub delivers the message again: Firestore or KMS failed, or no tenant has the
//	            bucket (yet). After 20 attempts the message is a dead letter on object-events-dead
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT  the platform's project
//	STRONGROOM_AUDIT_KEY  projects/…/cryptoKeys/… that encrypts the audit log
//
// # IAM
//
//	strongroom.documentWriter                   on each database: reads and writes, deletes nothing
//	roles/datastore.viewer                      on the directory
//	roles/cloudkms.cryptoKeyEncrypter           on the audit key
//
// The function has no role on any bucket, so it cannot read the objects.
//
// # Try it
//
// While go run ./emulator runs, an uploaded object is in custody a moment later:
//
//	RUNS=http://127.0.0.1:8080/v1/workspaces/prod/runs RUN=0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e13
//	token() { curl -s "http://127.0.0.1:8080/emulator/token?tenant=acme&as=$1" | grep -o 'eyJ[^"]*'; }
//	URL=$(curl -s "$RUNS/$RUN/uploads" -H "Authorization: Bearer $(token runner)" -H 'Content-Type: application/json' \
//	  -d '{"parts":[{"output":"stdout.log","part":1,"contentType":"text/plain","size":6}]}' | grep -o 'http://[^"]*')
//	printf 'hello\n' | curl -s -X PUT --data-binary @- -H 'content-type: text/plain' \
//	  -H 'x-goog-if-generation-match: 0' -H 'x-goog-content-length-range: 0,6' "$URL"
//	until curl -s "$RUNS/$RUN/outputs" -H "Authorization: Bearer $(token viewer)" | grep '"storedParts":1'; do sleep 1; done
//
// A call without the push account's token is rejected:
//
//	curl -si -X POST http://127.0.0.1:8080/functions/custody
package custody

// Package custody is the function that takes objects into custody: when a
// tenant's bucket says that an object is whole, its grant becomes stored.
//
// # Trigger
//
// Pub/Sub topic object-events, pushed as the CloudEvent
// google.cloud.pubsub.topic.v1.messagePublished. The messages are the buckets'
// own notifications (eventType OBJECT_FINALIZE, payload JSON_API_V1):
//
//	attributes  eventType, bucketId, objectId
//	data        {"bucket","name","generation","size","crc32c","contentType","timeCreated"}
//
// Only the push account may call; the platform checks that before the code runs.
//
// # What becomes of an object
//
//	object                                          grant              beside it
//	as granted; the grant is pending, expired       stored             generation, size, CRC32C, type, time
//	  or missing, however late
//	stored already, the same generation             unchanged
//	stored already, another generation              unchanged          quarantine "second"
//	of another type, size or CRC32C than granted    quarantined        quarantine "unlike"
//	without a grant                                 none               quarantine "nogrant"
//	not named {workspace}/{run}/{output}/{part}     none               quarantine "name"
//
// An object in quarantine is recorded once, at tenants/{t}/quarantine/{id} and
// as custody.quarantine on the tenant's audit log. It is never served and never
// moved. Any delivery may come twice, late or out of order: it changes nothing
// that it has changed before.
//
// # Answers
//
//	204 or 200  done, or refused for good: no Pub/Sub message, or no notification of a finalized
//	            object; it is on the log, and its references are in the platform's database,
//	            at quarantine/custody-{message}
//	500         deliver again: Firestore or KMS failed, or no tenant has the bucket (yet);
//	            after 20 attempts the message is a dead letter on object-events-dead
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT  the platform's project
//	STRONGROOM_AUDIT_KEY  projects/…/cryptoKeys/…, seals the audit log
//
// # Identity
//
// roles/datastore.user on the database, roles/cloudkms.cryptoKeyEncrypterDecrypter
// on the audit key. It holds nothing on any bucket: it cannot read what it keeps.
//
// # Try it
//
// With go run ./emulator at work, what an upload puts into the bucket is in
// custody a moment later:
//
//	RUNS=http://127.0.0.1:8080/v1/workspaces/prod/runs RUN=0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e13
//	token() { curl -s "http://127.0.0.1:8080/emulator/token?tenant=acme&as=$1" | grep -o 'eyJ[^"]*'; }
//	URL=$(curl -s "$RUNS/$RUN/uploads" -H "Authorization: Bearer $(token runner)" -H 'Content-Type: application/json' \
//	  -d '{"parts":[{"output":"stdout.log","part":1,"contentType":"text/plain","size":6}]}' | grep -o 'http://[^"]*')
//	printf 'hello\n' | curl -s -X PUT --data-binary @- -H 'content-type: text/plain' \
//	  -H 'x-goog-if-generation-match: 0' -H 'x-goog-content-length-range: 0,6' "$URL"
//	until curl -s "$RUNS/$RUN/outputs" -H "Authorization: Bearer $(token viewer)" | grep '"storedParts":1'; do sleep 1; done
//
// Who calls the function without the push account's token is refused:
//
//	curl -si -X POST http://127.0.0.1:8080/functions/custody
package custody

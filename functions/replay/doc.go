// Package replay is the function with which the platform's staff replay messages:
// quarantined messages, which a function permanently rejected, and dead letters, which
// could not be delivered.
//
// # Methods
//
//	GET  /v1/quarantine           platform
//	POST /v1/quarantine/replay    platform
//	POST /v1/dead-letters/replay  platform
//
// # Quarantined messages
//
// A function that permanently rejects a message writes a record to the platform's
// quarantine (shared/quarantine). The record has references and codes, but no data.
// GET has the parameters function, pageSize (1 to 200, default 50) and pageToken. It
// lists the oldest records first:
//
//	{"records":[{"function":"assistant-update","message":"1764123456789000042","code":"no-such-run",
//	  "references":{"tenant":"acme","workspace":"prod","run":"…","kind":"run.ended","entry":"…"},
//	  "published":"…","found":"…"}],
//	 "nextPageToken":"…"}
//
// POST /v1/quarantine/replay has the body {"function","code"?,"before"?}:
//
//  1. It selects the oldest records, at most 100.
//  2. It publishes the references of each record as the attributes of a message on the
//     function's replay topic.
//  3. It takes the records out of the quarantine. Firestore deletes them a day later.
//
// If the function rejects a message again, there is a new record.
//
// # Dead letters
//
// After 20 failed deliveries a message is on the subscription TOPIC-dead.
// POST /v1/dead-letters/replay has the body {"topic","before"?}:
//
//  1. It pulls at most 100 messages.
//  2. It publishes each to the topic replayed-TOPIC with its data and its attributes,
//     without the attributes that Pub/Sub added.
//  3. It acknowledges them.
//
// # Both
//
//	{"replayed":100,"more":true,"asOf":"2026-01-02T03:04:05Z"}
//
// The function that receives TOPIC also receives replayed-TOPIC, and processes the
// messages of both in the same way. Only this function publishes to replayed-TOPIC, and
// it cannot publish to TOPIC. So what comes from Cloud Storage and from other functions
// is separate from what was replayed. A replayed message that fails 20 times is on
// TOPIC-dead again.
//
// Only messages that were rejected or became dead letters before "before" are
// replayed. The default and the latest possible value is now.
//
// While more is true, call again, with the first response's asOf as before. A message
// that fails again is younger than that, so the loop ends. Messages that another call
// has pulled and not sent are invisible for a minute.
//
// Messages are published before they are marked or acknowledged. A crash in between,
// or concurrent calls, can send a message twice, but never lose one. Functions expect
// duplicates. A message that cannot be published stays where it was.
//
// # Status
//
//	200  done
//	400  the body is not strict JSON, or the page token is not valid
//	401  no valid token
//	403  the caller is not platform staff
//	422  the function or the topic is not valid, or the function's messages carry data that
//	     quarantine records do not store (custody); detail and errors say what to do
//	429  the caller sends more than 100 requests a second: wait as long as Retry-After says
//	503  try again; some messages may have been sent
//
// Errors are application/problem+json (RFC 9457). Before anything is published, the
// platform's own audit log has an entry: who, from where, and how many messages.
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT       the platform's project
//	STRONGROOM_AUDIENCE        the prefix of every token's audience, such as https://strongroom.dev
//	STRONGROOM_AUDIT_KEY       projects/…/cryptoKeys/… that encrypts the audit log
//	STRONGROOM_PAGE_TOKEN_KEY  the key that authenticates page tokens, the same in all instances
//
// # IAM
//
//	strongroom.documentWriter                   on each database (it deletes nothing)
//	roles/datastore.viewer                      on the directory
//	roles/cloudkms.cryptoKeyEncrypter           on the audit key
//	roles/pubsub.publisher                      on replayed-run-events, replayed-object-events, replayed-export-parts and replayed-config-events
//	roles/pubsub.subscriber                     on run-events-dead, object-events-dead, export-parts-dead and config-events-dead
//
// The function has no role on any tenant's key, so it cannot decrypt anything.
//
// # Try it
//
// While go run ./emulator runs:
//
//	API=http://127.0.0.1:8080
//	TOKEN=$(curl -s "$API/emulator/token?as=platform" | grep -o 'eyJ[^"]*')
//	as() { curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"; }
//	as "$API/v1/quarantine?function=assistant-update"
//	as $API/v1/quarantine/replay -d '{"function":"assistant-update","code":"no-such-run"}'
//	as $API/v1/dead-letters/replay -d '{"topic":"run-events"}'
package replay

// Package replay is the function with which the platform's staff send messages
// again: those that a function refused for good, and those that became dead
// letters.
//
// # Methods
//
//	GET  /v1/quarantine           platform
//	POST /v1/quarantine/replay    platform
//	POST /v1/dead-letters/replay  platform
//
// # What was refused for good
//
// A function that refuses a message puts a record into the platform's quarantine
// (shared/quarantine): references and codes, no data. GET takes function,
// pageSize (1 to 200, else 50) and pageToken, and gives the oldest first:
//
//	{"records":[{"function":"assistant-update","message":"1764123456789000042","code":"no-such-run",
//	  "references":{"tenant":"acme","workspace":"prod","run":"…","kind":"run.ended","entry":"…"},
//	  "published":"…","found":"…"}],
//	 "nextPageToken":"…"}
//
// The replay takes {"function","code"?,"before"?}. It publishes the references
// of at most 100 records, the oldest, as the attributes of messages on the
// function's topic, and then deletes these records. What the function refuses
// again is a new record.
//
// # Dead letters
//
// A message that was pushed 20 times in vain lies on the subscription TOPIC-dead.
// The replay takes {"topic","before"?}. It pulls at most 100 of them, publishes
// each to the topic with its data and its attributes, without those that Pub/Sub
// added, and then acknowledges them.
//
// # Both
//
//	{"replayed":100,"more":true,"asOf":"2026-01-02T03:04:05Z"}
//
// Only what was refused, or died, before "before" is taken; that is now, unless
// the client says an earlier time. Call again while there is more, with the first
// answer's asOf as before: then what comes back at once does not go round for
// ever, and there is an end. What another call has pulled and not sent is not
// seen for a minute.
//
// Messages are published before they are deleted or acknowledged: a crash in
// between, or two calls at once, send some twice and lose none. Functions expect
// that. What cannot be published stays as it was.
//
// # Statuses
//
//	200  done
//	400  the body is not strict JSON
//	401  no valid token
//	403  only the platform's staff may
//	422  no such function, topic or page, or the function's messages carry data
//	     that its records do not keep (custody): errors and detail say what to do
//	503  try again; some may have been sent
//
// Errors are application/problem+json (RFC 9457). Before anything is published
// it is on the platform's own audit log: who, from where, and how many.
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT  the platform's project
//	STRONGROOM_AUDIENCE   what every token's audience begins with, as https://strongroom.dev
//	STRONGROOM_AUDIT_KEY  projects/…/cryptoKeys/…, seals the audit log
//
// # Identity
//
// roles/datastore.user on the database, roles/cloudkms.cryptoKeyEncrypterDecrypter
// on the audit key, roles/pubsub.publisher on run-events and object-events,
// roles/pubsub.subscriber on the subscriptions run-events-dead and
// object-events-dead. No tenant's key: the function can open nothing.
//
// # Try it
//
// With go run ./emulator at work:
//
//	API=http://127.0.0.1:8080
//	TOKEN=$(curl -s "$API/emulator/token?as=platform" | grep -o 'eyJ[^"]*')
//	as() { curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"; }
//	as "$API/v1/quarantine?function=assistant-update"
//	as $API/v1/quarantine/replay -d '{"function":"assistant-update","code":"no-such-run"}'
//	as $API/v1/dead-letters/replay -d '{"topic":"run-events"}'
package replay

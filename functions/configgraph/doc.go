// Package configgraph makes the configuration in effect part of its workspace's graph, from
// which assistants answer. It is deployed as config-graph.
//
// # Trigger
//
// The Pub/Sub topics config-events and replayed-config-events, pushed by Pub/Sub
// (cloud.google.com/pubsub/docs/push). A message has no data. Its attributes are
// tenant, workspace, kind (config.moved) and entry. Only the push account may call; the
// platform checks that before the code runs.
//
// # What an event does
//
// functions/configs has stored what the files of a commit say before the commit came into
// effect: as sealed elements, one for each YAML document. An event:
//
//  1. Reads which commit is in effect. The message does not say it, so it is safe to
//     deliver a message late or twice.
//  2. Does nothing if the graph is of this commit already.
//  3. Opens the elements of the commit, and joins them to SLXs (see shared/slx).
//  4. Stores the SLXs as sealed pages of at most 50, in the order of their names.
//  5. In one transaction, if the same commit is still in effect: replaces the graph's
//     directory, which names the commit, lets the pages of the previous graph expire, and
//     removes the time at which functions/sweep would publish the event again.
//     Otherwise it starts again.
//
// A graph has what one commit says, and nothing of another one: what a configuration no
// longer has is not in the graph. No issue is resolved by that. A crash between two steps
// leaves pages that no directory names, which Firestore deletes after a day; the event is
// delivered again, and makes the same pages.
//
// The function has no role on a bucket, so it cannot read the files themselves.
//
// # Limits
//
//	elements of a configuration   20,000, and 8 MiB as JSON
//	SLXs of a page                50, and 256 KiB as JSON
//	pages                         400
//	files and titles of tasks     2,000, with the first 20 SLXs of each
//
// What does not fit is left out, and counted as omitted.
//
// # Answers
//
//	204 or 200  the graph is of the commit in effect; or the message was permanently rejected
//	            and is recorded in the quarantine
//	500         deliver again: Firestore or KMS failed, the tenant's key is disabled, or
//	            other events need the memory
//
// A message is rejected with one of these codes:
//
//	malformed       it is not a Pub/Sub message
//	unknown-kind    its kind is not config.moved
//	bad-reference   a name in it is not valid
//	no-such-tenant  there is no such tenant
//	no-such-config  the workspace has no configuration
//
// After 20 attempts, a message becomes a dead letter on config-events-dead.
// functions/sweep publishes the event again every 3 hours until the graph is of the commit in
// effect. functions/replay redelivers dead letters and rejected messages. The next push makes
// the graph too.
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT  the platform's project
//
// # Identity
//
// strongroom.documentWriter on each database (it deletes nothing), roles/datastore.viewer on
// the directory, and roles/cloudkms.cryptoKeyEncrypterDecrypter on each tenant's key.
//
// # Try it
//
// While go run ./emulator runs, show the graph of the configuration that the demonstration
// has pushed. It is empty before the first push:
//
//	API=http://127.0.0.1:8080
//	token=$(curl -s "$API/emulator/token?tenant=acme&as=viewer" | grep -o 'eyJ[^"]*')
//	curl -s "$API/v1/workspaces/prod/graph/search" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{"of":"configuration"}'
package configgraph

// Package uploads is the function that mints write-only URLs. A runner requests
// parts of a run's output. For each part it gets a URL that creates one object in
// the tenant's bucket, once, with the declared size and type, within 15 minutes.
// The bytes never pass through the platform.
//
// # Method
//
//	POST /v1/workspaces/{workspace}/runs/{run}/uploads
//	Authorization: Bearer TOKEN of a runner of the workspace
//	Content-Type: application/json
//
//	{"parts": [{                     1 to 100
//	  "output": "stdout.log",        1 to 400 characters, as shared/outputname says
//	  "part": 1,                     1 to 99999
//	  "contentType": "text/plain",   exact media type, at most 128 bytes
//	  "size": 6,                     optional; bytes, at most 8388608
//	  "crc32c": "NT3Yvg==",          optional; base64 of the big-endian CRC32C
//	  "sha256": "5891b5b5…",         optional; 64 hexadecimal digits, for exports
//	  "lines": 1                     optional; newline bytes
//	}]}
//
// {run} is a lowercase UUIDv7 that the runner creates. If the run does not exist,
// the call creates it, and the run belongs to the caller: no other identity may
// upload to it, start it or report it. The identity is the token's iss and sub. A
// trust rule with shareRuns lets all its runners write to each other's runs.
//
// The response has one element per part, in the same order:
//
//	{"parts": [{
//	  "output": "stdout.log", "part": 1, "method": "PUT", "url": "https://…",
//	  "headers": {"content-type": "text/plain", "x-goog-if-generation-match": "0",
//	              "x-goog-content-length-range": "0,6", "x-goog-hash": "crc32c=NT3Yvg=="},
//	  "expires": "2026-01-02T15:04:05Z"
//	}]}
//
// While somebody follows an output of the run, the response also has
// "followedSeconds": how long they follow it, at least. The runner then uploads what the
// task writes within seconds. Otherwise, it may wait for up to a minute, which makes
// fewer parts.
//
// The bucket rejects bytes with another size or CRC32C. It does not know the SHA-256: the
// grant stores it, and whoever verifies an export compares the bytes with it. So declare
// it if deliberate changes must be detectable later. An export marks a part without it
// as crc32c-only.
//
// Send the bytes to the URL with that method and exactly these headers, before the
// URL expires. If the runner requests a part again before the part is stored, it
// gets a new URL under the same grant. If the audit log has the final state of the
// run's uploads already (uploads.final, see functions/sweep), a further one follows.
//
// # Status
//
// Every error is application/problem+json (RFC 9457) that says what to change. After an
// error, the caller has no URL, and nothing was written unless the table says so.
//
//	200  the URLs; the grants, the audit entry and the run were committed first
//	400  the path or the JSON cannot be read, or {run} is not a UUIDv7
//	401  the token is missing or invalid; counted, not audited
//	403  one of (audited; if the token has no role in the tenant, it is only counted):
//	     - the caller is not a runner of this workspace
//	     - the run belongs to another identity
//	     - the tenant is suspended
//	     - the run began in a bucket that the tenant's record does not have any more
//	404  no such path
//	405  another method
//	409  one of:
//	     - a part is already stored: "stored" lists the size and crc32c of each such
//	       part; compare them with yours and request the other parts again
//	     - a part was granted with other properties ("errors")
//	     - the run has ended, and its report does not claim the part ("errors"); a
//	       claimed part that is not stored can still be uploaded
//	     - the run ID belongs to another workspace
//	413  the body is larger than 256 KiB
//	415  the body is not application/json
//	422  a field is invalid ("errors" lists each field)
//	429  the caller sends more than 100 requests a second: wait as long as Retry-After says
//	500  internal error; the grants and the audit entry may exist
//	503  retry after Retry-After; the grants and the audit entry may exist
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT       the platform's project
//	STRONGROOM_AUDIENCE        the prefix of every token's audience
//	STRONGROOM_AUDIT_KEY       projects/…/cryptoKeys/… that encrypts the audit log
//	STRONGROOM_PAGE_TOKEN_KEY  the key that authenticates page tokens, the same in all instances
//	STRONGROOM_SIGNING_KEYS    optional; a directory of ACCOUNT.pem, the PKCS #8 private
//	                           keys of tenants' signing accounts
//
// # Signing
//
// A URL acts as the tenant's own signing account. That account holds objectCreator
// on the tenant's bucket and no other role. The function signs with the first of
// these that exists:
//
//  1. the account's local key
//  2. the Cloud KMS key that the tenant's record names
//  3. IAM signBlob
//
// # IAM
//
//	strongroom.documentWriter                   on each database: reads and writes, deletes nothing
//	roles/datastore.viewer                      on the directory
//	roles/cloudkms.cryptoKeyEncrypter           on the audit key
//	strongroom.blobSigner                       on each tenant's signing account: signs, creates no tokens
//	roles/cloudkms.signer                       on each tenant's signing key, if it has one
//
// The function itself cannot read or write any bucket.
//
// # Events
//
// It receives and publishes no events. The bucket notifies custody of each
// finished object.
//
// # Try it
//
// While go run ./emulator runs, get a URL for one part of a new run:
//
//	token=$(curl -s 'http://127.0.0.1:8080/emulator/token?tenant=acme&as=runner' | grep -o 'eyJ[^"]*')
//	run=$(date +%s%3N | xargs printf '%012x-7000-8000-000000000000' | sed 's/./&-/8')
//	curl -s http://127.0.0.1:8080/v1/workspaces/prod/runs/$run/uploads -H "Authorization: Bearer $token" \
//	  -H 'Content-Type: application/json' -d '{"parts":[{"output":"stdout.log","part":1,"contentType":"text/plain"}]}'
package uploads

// Package uploads is the function that mints write-only URLs: a runner asks
// for parts of a run's output, and gets per part a URL that creates one object
// in its tenant's bucket, once, within its size, type and 15 minutes. The bytes
// never pass through the platform.
//
// # Method
//
//	POST /v1/workspaces/{workspace}/runs/{run}/uploads
//	Authorization: Bearer TOKEN of a runner of the workspace
//	Content-Type: application/json
//
//	{"parts": [{                     1 to 100
//	  "output": "stdout.log",        [A-Za-z0-9_][A-Za-z0-9._-]{0,199}
//	  "part": 1,                     1 to 99999
//	  "contentType": "text/plain",   exact media type, at most 128 bytes
//	  "size": 6,                     bytes, at most 8388608; may be left out
//	  "crc32c": "NT3Yvg==",          base64 of the big-endian CRC32C; may be left out
//	  "lines": 1                     newline bytes; may be left out
//	}]}
//
// {run} is a UUIDv7 in lower case that the runner makes; the run is created if
// it is absent. The answer has one element per part, in the same order:
//
//	{"parts": [{
//	  "output": "stdout.log", "part": 1, "method": "PUT", "url": "https://…",
//	  "headers": {"content-type": "text/plain", "x-goog-if-generation-match": "0",
//	              "x-goog-content-length-range": "0,6", "x-goog-hash": "crc32c=NT3Yvg=="},
//	  "expires": "2026-01-02T15:04:05Z"
//	}]}
//
// Send the bytes with that method to that URL with exactly these headers,
// before it expires. A part that is asked for again before it is stored gets a
// new URL under the same grant.
//
// # Status
//
// Every error is application/problem+json (RFC 9457) that says what to change.
// Nothing was signed then, and nothing written but what is told here.
//
//	200  the URLs; grants, audit entry and run were committed before
//	400  path or JSON that cannot be read; a run that is no UUIDv7
//	401  no token, or one that proves nobody; counted, not recorded
//	403  not a runner of this workspace, or the tenant is suspended; recorded
//	404  no such path
//	405  another method
//	409  a part is stored already ("stored" lists size and crc32c of each such
//	     part: compare, drop them, ask again for the rest), or was granted
//	     otherwise ("errors"), or the run id is another workspace's
//	413  a body of more than 256 KiB
//	415  a body that is not application/json
//	422  JSON that asks for what there is not ("errors" names each place)
//	500  our fault; grants and audit entry may be there, a URL is not
//	503  try again, after Retry-After; the same holds
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT     the platform's project
//	STRONGROOM_AUDIENCE      what every token's audience begins with
//	STRONGROOM_AUDIT_KEY     projects/…/cryptoKeys/… that seals the audit log
//	STRONGROOM_SIGNING_KEYS  directory of ACCOUNT.pem, private keys in PKCS #8 of
//	                         tenants' signing accounts; empty: there are none
//
// # Signing
//
// A URL acts as the tenant's own signing account, which holds objectCreator on
// that one bucket and nothing else. It signs with the account's local key if
// there is one, else with the key in Cloud KMS that the tenant's record names,
// else with IAM signBlob.
//
// # IAM
//
//	roles/datastore.user                        on the database
//	roles/cloudkms.cryptoKeyEncrypterDecrypter  on the audit key
//	roles/iam.serviceAccountTokenCreator        on each tenant's signing account
//	roles/cloudkms.signer                       on each tenant's signing key, where there is one
//
// The function can neither read nor write any bucket itself.
//
// # Events
//
// It takes none and publishes none. The bucket tells of the finished object.
//
// # Try it
//
// With go run ./emulator at work, a URL for one part of a new run:
//
//	token=$(curl -s 'http://127.0.0.1:8080/emulator/token?tenant=acme&as=runner' | grep -o 'eyJ[^"]*')
//	run=$(date +%s%3N | xargs printf '%012x-7000-8000-000000000000' | sed 's/./&-/8')
//	curl -s http://127.0.0.1:8080/v1/workspaces/prod/runs/$run/uploads -H "Authorization: Bearer $token" \
//	  -H 'Content-Type: application/json' -d '{"parts":[{"output":"stdout.log","part":1,"contentType":"text/plain"}]}'
package uploads

// Package audit is the function that shows audit logs: it lists and finds entries,
// proves that an entry is in the published log, serves the log's Merkle tree in the
// format that other tools read, and stores the cosignatures of witnesses. It also
// publishes the keys that verify the certificates of offboardings.
//
// audit-integrator (functions/auditintegrator) publishes the logs. Each tenant has
// one, and the platform has one.
//
// # Methods
//
//	GET  /v1/audit/entries                                auditor, admin
//	GET  /v1/audit/entries/{entry}                        auditor, admin
//	GET  /v1/audit/entries/{entry}/proof                  auditor, admin
//	GET  /v1/workspaces/{workspace}/audit/entries         auditor, admin
//	GET  /v1/tenants/{tenant}/audit/log/checkpoint        auditor, admin
//	GET  /v1/tenants/{tenant}/audit/log/cosigned-checkpoint
//	GET  /v1/tenants/{tenant}/audit/log/keys              auditor, admin
//	GET  /v1/tenants/{tenant}/audit/log/policy            auditor, admin
//	GET  /v1/tenants/{tenant}/audit/log/tile/{tile}       auditor, admin
//	POST /v1/tenants/{tenant}/audit/log/cosignatures      auditor, admin
//	GET  /v1/platform/audit/entries                       platform
//	GET  /v1/platform/audit/entries/{entry}               platform
//	GET  /v1/platform/audit/entries/{entry}/proof         platform
//	GET  /v1/platform/audit/log/checkpoint                platform
//	GET  /v1/platform/audit/log/keys                      platform
//	GET  /v1/platform/audit/log/policy                    platform
//	GET  /v1/platform/audit/log/tile/{tile}               platform
//	GET  /v1/tenants/{tenant}/certificates/keys           everybody, without a token
//
// The tenant in a path must be the caller's own: it is part of the URL because the
// log's origin is its URL, and because a cache must never mix two tenants. The
// platform's staff read the platform's log only.
//
// Auditors and admins see every workspace of their tenant, so they see its whole log.
// Viewers and runners see none of it, not even the entries of their own workspace. They
// give their receipts to an auditor.
//
// # Receipts
//
// Each response of every function to a request that was recorded has the header
// Strongroom-Audit-Entry with the ID of the entry: also a denial, and also a request
// that failed after it was recorded. A request that records nothing has no receipt. In
// particular, a repeated request that finds its work done has none: the receipt of the
// first response counts.
//
// # Entries
//
// The list has the entries that have an index in the log, newest first, or with
// order=oldest oldest first. New entries get an index within about a minute. size is
// the number of entries of the published log; the newest entries may have an index that
// is not below it yet, for seconds:
//
//	{"entries":[{"index":12,"actorId":"…","entry":{"id":"…","time":"…","tenant":"acme","actor":{"issuer":"…","subject":"…","role":"viewer"},
//	                                              "action":"outputs.read","outcome":"allowed","workspace":"prod","resource":"runs/…/outputs/stdout.log"}}],
//	 "nextPageToken":"…","size":13}
//
// The canonical form (RFC 8785) of entry is the leaf of the Merkle tree.
//
//	parameter   selects
//	limit       number of entries on a page, 1 to 1000 (default 100). A page ends after about 1 MiB, and with
//	            from or to it can even have none, and still have a nextPageToken
//	pageToken   the next page of the same query. Pages do not move when entries arrive
//	after       entries with a larger index. To follow the log, use order=oldest and after with the last
//	            index that you have. An index that the log does not have is an error
//	from, to    entries of from or later, and before to (RFC 3339)
//	actor       entries with this actorId, which each entry of a list has: in hexadecimal, the first 16 bytes of
//	            the SHA-256 of the issuer, a zero byte and the subject. The platform itself has no issuer
//	action, outcome, workspace, resource, run
//	            entries with exactly this value. run also finds what is below a run, such as an output
//	idPrefix    entries whose ID starts with this, sorted by ID, also those without an index; without other
//	            filters, and the first page only. The list of a workspace does not have it
//
// If the tenant's retention deletes the documents of earlier entries, they are read from the bundles in the
// audit bucket, by the same queries. A page then examines at most 2,048 of them, so it can be short or
// empty, and still have a nextPageToken; idPrefix does not find them. See
// infra/adr/0081-audit-entries-expire.md.
//
// An entry can be found by its ID as soon as it is recorded. index is absent until it
// has one. The proof has the format c2sp.org/tlog-proof@v1, for the published checkpoint.
//
// # Log
//
// The paths below …/audit/log/ are those of c2sp.org/tlog-tiles, so a standard client
// reads the log with a token. A tile or bundle is served in each width that the
// published tree has had. Tiles never change: Cache-Control is private, immutable.
//
//	checkpoint           the newest checkpoint, with the log's signature, a timestamped signature of the
//	                     platform (under the name ORIGIN/time), and the cosignatures of witnesses of this size
//	cosigned-checkpoint  the largest checkpoint that a registered witness has cosigned
//	keys                 the verifier keys, one on a line, the oldest version of the log key first. Each version
//	                     has two: of the log's signatures (name ORIGIN), and of the timestamped ones (ORIGIN/time).
//	                     A tenant's list then has those of the manifests of its exports (name
//	                     HOST/v1/tenants/TENANT/exports, see shared/manifest), the oldest version first
//	policy               the log's keys and the registered witnesses as a c2sp.org/tlog-policy. One witness is a
//	                     quorum; without witnesses, it requires none
//
// Whoever gets keys and policy from the platform trusts the platform. An auditor
// gets them once and keeps them.
//
// # Keys of certificates
//
// When a tenant is offboarded, it receives signed certificates (shared/certificate), and soon
// has no token any more. The keys that verify them are therefore public:
//
//	GET /v1/tenants/{tenant}/certificates/keys   text/plain: a verifier key of c2sp.org/signed-note on each
//	                                             line, the oldest version of the key first, all with the name
//	                                             HOST/v1/tenants/TENANT/certificates
//
// One key of the platform signs the certificates of all tenants, each under a name of its own.
// The response follows from the name in the path. Nothing of the tenant is read, so it is the
// same after the tenant is gone, and for a tenant that never existed. A token is ignored.
// Caches may store it for an hour (Cache-Control: public, max-age=3600). A version of the key
// stays in the list until it is disabled or destroyed in Cloud KMS, which nobody should do.
// All callers without a token share a limit of 100 requests a second in each instance, and each
// address has the limit of the load balancer.
//
// # Cosignatures
//
// A witness reads the checkpoint, compares it with the last one that it saw, adds its
// signature (c2sp.org/tlog-cosignature, Ed25519 or ML-DSA-44) and sends the signed
// note as text/plain. The tenant's record has the verifier keys of its witnesses.
//
//	200  {"size":13,"witnesses":["example.com/witness"]}
//	400  the body is not a signed note; it has two signatures under one name; a signature does not
//	     verify; the log's own signature is missing; or it is the checkpoint of another log
//	403  no registered witness has signed it
//	409  the witness has already cosigned a larger checkpoint (code older-checkpoint)
//	422  the log has published another checkpoint of this size, or none (code fork). The note proves
//	     that the log key signed both. The function logs an error
//
// Only the newest cosignature of each witness is stored.
//
// # Audit
//
// Reads of the log are in the log: one entry for each reader and hour with the action
// audit.entries.read (entries and proofs), and one with audit.log.read (tiles). It is
// written before anything is read. So somebody who follows the log adds one entry an
// hour. Cosignatures are recorded alike as audit.log.cosign. For the platform's log,
// the actions are platform.audit.entries.read and platform.audit.log.read. Reads of
// checkpoints, keys and the policy are not recorded, and neither are those of the keys of
// certificates.
//
// # Status
//
//	200  see above
//	400  an ID in the path, an index, a tile's path or a page token is invalid
//	401  no valid token
//	403  the role does not allow the request, the path has another tenant, or the tenant is suspended
//	404  no such entry; the published log has no such tile; nothing is published, or cosigned, yet
//	409  the entry is not in the published log yet (code not-integrated): wait as long as Retry-After says
//	413  the signed note has more than 64 KiB
//	415  the signed note is not sent as text/plain
//	422  a filter, a number, a time or a value of a list is invalid, two filters contradict
//	     each other, or a parameter is unknown; for cosignatures, see above
//	429  the caller sends more than 100 requests a second, or the tenant's quota of requests in a
//	     minute is used up (quota-exceeded): wait as long as Retry-After says
//	503  try again
//
// Errors are application/problem+json (RFC 9457).
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT              the platform's project
//	STRONGROOM_AUDIENCE               the prefix of every token's audience, such as https://strongroom.dev
//	STRONGROOM_AUDIT_KEY              projects/…/cryptoKeys/… that encrypts the audit log
//	STRONGROOM_PAGE_TOKEN_KEY         the key that authenticates page tokens, the same in all instances
//	STRONGROOM_LOG_KEY                projects/…/cryptoKeys/… of Ed25519 that signs checkpoints
//	STRONGROOM_MANIFEST_KEY           projects/…/cryptoKeys/… of Ed25519 that signs the manifests of exports
//	STRONGROOM_CERTIFICATE_KEY        projects/…/cryptoKeys/… of Ed25519 that signs the certificates of offboardings
//	STRONGROOM_HOST                   host name of the API, the beginning of every log's origin
//	STRONGROOM_PLATFORM_AUDIT_BUCKET  bucket of the platform's own log
//
// # IAM
//
//	strongroom.documentWriter          on each database: reads and writes, deletes nothing
//	roles/datastore.viewer             on the directory
//	roles/cloudkms.cryptoKeyEncrypter  on the audit key: it appends entries about reads
//	roles/cloudkms.cryptoKeyDecrypter  on the audit key: it opens entries
//	roles/cloudkms.publicKeyViewer     on the log key: it cannot sign
//	roles/cloudkms.viewer              on the log key: lists its versions
//	roles/cloudkms.publicKeyViewer     on the manifest key: it cannot sign
//	roles/cloudkms.viewer              on the manifest key: lists its versions
//	roles/cloudkms.publicKeyViewer     on the certificate key: it cannot sign
//	roles/cloudkms.viewer              on the certificate key: lists its versions
//	roles/storage.legacyObjectReader   on every audit bucket: gets objects, lists none
//
// # Events
//
// It receives and publishes no events.
//
// # Try it
//
// While go run ./emulator runs, an auditor reads the entries of the last minutes, and the
// checkpoint once there is one. The first entry is the auditor's own read:
//
//	API=http://127.0.0.1:8080/v1 TOKEN=$(curl -s 'http://127.0.0.1:8080/emulator/token?tenant=acme&as=auditor' | grep -o 'eyJ[^"]*')
//	ENTRY=$(curl -si "$API/audit/entries?limit=5" -H "Authorization: Bearer $TOKEN" | tr -d '\r' | sed -n 's/^Strongroom-Audit-Entry: //p')
//	curl -s "$API/audit/entries/$ENTRY" -H "Authorization: Bearer $TOKEN"
//	curl -s "$API/tenants/acme/audit/log/keys" -H "Authorization: Bearer $TOKEN"
//	curl -s "$API/tenants/acme/certificates/keys"
//
// The proof of an entry that is not published yet is rejected with 409:
//
//	TOKEN=$(curl -s 'http://127.0.0.1:8080/emulator/token?tenant=acme&as=admin' | grep -o 'eyJ[^"]*')
//	ENTRY=$(curl -si "http://127.0.0.1:8080/v1/audit/entries" -H "Authorization: Bearer $TOKEN" | tr -d '\r' | sed -n 's/^Strongroom-Audit-Entry: //p')
//	curl -s "http://127.0.0.1:8080/v1/audit/entries/$ENTRY/proof" -H "Authorization: Bearer $TOKEN"
package audit

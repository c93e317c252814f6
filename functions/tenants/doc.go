// Package tenants is the function with which a tenant's admin sees the tenant's record, says who
// may read its workspaces, and tests, rotates, disables, enables and destroys the tenant's key.
// The platform's staff suspends and resumes tenants with it, and starts offboardings, and sees no
// data. It is the only function that may write to the directory.
//
// # Methods
//
//	GET  /v1/tenant               auditor, admin  show the record, the key as it is now, the quotas, and drift
//	GET  /v1/tenant/usage         auditor, admin  show what was used of the quotas, by day
//	GET  /v1/tenant/retention     auditor, admin  show what is deleted when, what is due, and what was deleted (package shared/retention)
//	POST /v1/tenant/key/test      admin           encrypt and decrypt with each enabled version
//	POST /v1/tenant/key/rotate    admin           create a version and make it the primary one
//	POST /v1/tenant/key/disable   admin           make all data unreadable
//	POST /v1/tenant/key/enable    admin           make it readable again
//	POST /v1/tenant/key/destroy   admin           request the destruction of the key, or confirm it
//	GET  /v1/tenants                   staff  list the tenants and their states
//	GET  /v1/tenants/{tenant}          staff  show the state of a tenant
//	POST /v1/tenants/{tenant}/suspend  staff  refuse all requests of a tenant
//	POST /v1/tenants/{tenant}/resume   staff  serve it again
//	PUT  /v1/tenants/{tenant}/quotas   staff  lower quotas of a tenant, or end that
//	GET  /v1/tenant/holds                         auditor, admin  list the holds
//	PUT  /v1/tenant/holds/{hold}                  admin           place one on the tenant, a workspace or a run
//	POST /v1/tenant/holds/{hold}/lift             admin           request that it ends, or confirm it
//	POST /v1/tenants/{tenant}/holds/{hold}/lift   staff           confirm it
//	GET  /v1/tenant/storage                       auditor, admin  show the last verification of the storage
//	POST /v1/tenant/storage/verify                admin           try everything that a bucket for output must allow and refuse, or check one for exports
//
//	GET    /v1/tenant/workspaces                               auditor, admin  list the workspaces
//	GET    /v1/tenant/workspaces/{workspace}/members           auditor, admin  list the members of one
//	POST   /v1/tenant/workspaces/{workspace}/members           admin           add a member
//	GET    /v1/tenant/workspaces/{workspace}/members/{member}  auditor, admin  show a member
//	DELETE /v1/tenant/workspaces/{workspace}/members/{member}  admin           remove a member
//	GET    /v1/tenant/trust               auditor, admin  show the issuers, their keys and the rules
//	POST   /v1/tenant/trust/test          admin           show which rule assigns a role to a token, and why others do not
//	POST   /v1/tenant/trust/rules         admin           add a rule that assigns a role to a token
//	DELETE /v1/tenant/trust/rules/{rule}  admin           remove a rule that the API has added
//	POST /v1/tenant/offboarding                   admin           ask that everything of the tenant is erased
//	POST /v1/tenant/offboarding/stop              admin           stop it, or take the request back
//	GET  /v1/tenant/certificate                   auditor, admin  show the newest certificate of it
//	POST /v1/tenants/{tenant}/offboarding         staff           start what the admin has asked for
//	GET  /v1/tenants/{tenant}/offboarding         staff           show the progress
//	POST /v1/tenants/{tenant}/offboarding/stop    staff           stop it
//	GET  /v1/tenants/{tenant}/certificate         staff           show the newest certificate
//
// GET /v1/tenant and what acts on the key return the tenant as it is afterward. Only destroy needs
// a body. A rotation may name the version that it replaces, so that two admins do not rotate
// twice: {"primary": "1"}.
//
// # The state of the key
//
// The state is measured with each request: the function encrypts a fixed text with the key
// and decrypts it. "problem" says why the state is not active, and what to do.
//
//	active       the key encrypts and decrypts, and no version is disabled
//	testing      enable was called, and the key cannot be used yet
//	test_failed  the trial failed, or a version is disabled that older data may need
//	revoking     disable was called, and a trial still succeeds, or a version or a role has come back
//	revoked      the key cannot be used: disable has taken effect, or somebody has disabled it in Cloud KMS
//	destroyed    every version is destroyed
//
// "seen" has the time when Cloud KMS last unwrapped a data key for each function, and until when a
// process of the function can have it in memory. See infra/adr/0069-when-a-function-last-saw-the-key.md.
//
// # What each action does
//
//	test     nothing changes. "failed" marks the versions whose trial failed
//	rotate   older versions stay enabled, because data keys and objects need them. An earlier
//	         attempt that has only created a version is continued
//	disable  all enabled versions are disabled, and the roles with which functions and Cloud
//	         Storage use the key are removed
//	enable   a destruction that is scheduled is canceled, all disabled versions are enabled, and
//	         the roles that disable removed are granted again
//	destroy  Cloud KMS destroys all versions after the days that Terraform sets (key_destroy_days, 30)
//
// Cloud KMS disables a version usually within a minute, and in exceptional cases after hours.
// The roles that are removed as well take effect within seconds to minutes
// (cloud.google.com/kms/docs/consistency). A request waits up to 7 seconds for the effect.
// After that, the state is revoking or testing, and the first request that measures the effect
// records it. "change" has both times:
//
//	{"action": "tenant.key.disable", "entry": "0198…",
//	 "requested": "2026-11-29T12:00:00Z",
//	 "effective": "2026-11-29T12:00:02Z",   when a trial first failed
//	 "cachedTo":  "2026-11-29T12:05:02Z"}   until then, a process can have data keys in memory
//
// To call disable or enable again is safe. It continues what an earlier call has not done.
// # Destruction
//
// The key must be disabled first, and its state revoked. Then two requests are needed. Both
// name the tenant:
//
//	{"tenant": "acme"}                          the request: nothing happens to the key
//	{"tenant": "acme", "destruction": "0198…"}  the confirmation, with the ID from "destruction"
//
// Another admin can confirm at once, or any admin after 24 hours, the same one too. Two
// subjects of one issuer are two persons. An account of another issuer may belong to the same
// person, so it has to wait for the 24 hours. A request ends when it is confirmed, when another
// one replaces it, when the key is enabled, and after 7 days.
//
// The versions are destroyed at the time "destroyAt" of each. Until then, enable restores them.
// Under a legal hold, a destruction can be neither requested nor confirmed.
//
// # Offboarding
//
// An admin asks for it, naming the tenant, and the platform's staff starts it with the ID of the
// request, within 7 days. Neither can do it alone:
//
//	{"tenant": "acme"}    the request of the admin
//	{"request": "0198…"}  the start by the staff
//
// From then on, the state of the tenant is offboarding, and the function offboarding takes the
// steps. GET /v1/tenant has the request and the progress. Both can stop it until a version of
// the key is destroyed. If the destruction of the key was scheduled, enable restores it. The
// certificate comes with its verifier keys; package certificate verifies it offline. See
// infra/adr/0055-offboarding.md.
//
// # Legal holds
//
// A hold keeps something from every deletion. An admin places it, under an ID of their choice:
//
//	{}                                       everything of the tenant
//	{"workspace": "prod"}                    everything of the workspace
//	{"workspace": "prod", "run": "0198…"}    the run and its outputs
//
// From the response on, these requests answer 409 held: the destruction of the key, a reset of
// the configuration, the rejection of a push that waits, and the deletion of a schedule of
// exports. The key and what belongs to no workspace are kept under every hold. The function
// legal-holds then sets an object hold on each object that is covered, so that lifecycle rules
// and operators cannot delete it: "marked" says that this is done.
//
// Two persons lift a hold. An admin requests it, and another admin of the same issuer confirms
// it with the ID from "lifting", or the platform's staff does. Nobody lifts a hold alone. A
// request ends after 7 days, and when another one replaces it. See
// infra/adr/0053-legal-holds.md.
//
// # Quotas and usage
//
// A tenant's quotas bound what it does in a day (UTC) or a minute. Terraform sets them in the
// record ("quotas", and "workspaceQuotas" for each workspace), and zero means the default:
//
//	quota       counts                                                       default
//	bytes       bytes that upload URLs allow: the declared size, or 8 MiB    1 TiB a day
//	parts       parts for which a URL is minted; to ask again is free        1,000,000 a day
//	runs        runs that start                                              200,000 a day
//	samples     samples of SLIs in reports                                   20,000,000 a day
//	sightings   sightings of issues in reports                               2,000,000 a day
//	exports     exports, without those of staff and schedules                200 a day
//	modelSends  requests to language models, of all features                 5,000 a day
//	requests    requests of principals with a role, to each function         60,000 a minute
//
// What is over a quota is refused with 429 quota-exceeded before anything is done. Retry-After
// and the detail say when the quota renews. A repeated request that changes nothing does not
// count, but is refused too while the quota is used up. At 80 % of a quota, the platform's staff is alerted.
// The staff can lower quotas at once: {"quotas": [{"quota": "runs", "limit": 1000}]} replaces all that it has
// lowered, and {"quotas": []} ends that. "drift" shows it; only Terraform raises a quota.
//
//	GET /v1/tenant/usage?from=2026-01-01&to=2026-01-31     at most 92 days
//	{"days": [{"day": "2026-01-01", "runs": {"used": 17, "leased": 32}, …}]}
//
// Each process takes a lease of a quota and reports what it has used when it takes the next one:
// "used" can lack the last lease of processes that have ended. See package shared/quota.
//
// # The tenant's own storage
//
// The buckets for output and for exports can be in the customer's project (infra/modules/storage).
// Before the record names one, an admin verifies it. Without a body, the outputs bucket of the
// record is verified:
//
//	{"bucket": "acme-strongroom-outputs", "key": "projects/…/cryptoKeys/…"}
//	{"component": "exports", "bucket": "acme-strongroom-exports"}
//
// Each check has a result (ok, failed, not-checked or waiting), what was seen, and how to fix it:
//
//	readable        the bucket has the label tenant = ID and shows its settings; of others, nothing more is said
//	location        the bucket and its key are in the tenant's location
//	key             the default key is the one expected
//	public-access   public access prevention is enforced
//	uniform-access  objects have no access rules of their own
//	retention       what the bucket keeps, and that nothing deletes objects within two days
//
// Of a bucket for output also:
//
//	create          a signed URL of the signing account creates the probe
//	no-overwrite    the bucket refuses the same URL a second time (412)
//	no-replace, no-read, no-list, no-delete
//	                it refuses these requests of the signing account (403)
//	outputs-read    not checked: this function cannot act as those that read output
//	notification    the bucket's notification of the probe has arrived at custody
//	encryption      the notification says that the expected key encrypts the probe
//
// Of a bucket for exports also:
//
//	component       the bucket has the label component = exports
//	exports-write   not checked: only the first export shows it; the same for exports-read
//
// "result" is usable, unusable (a check has failed), waiting (for the notification, at most five
// minutes: read it again) or interrupted (verify it again). The probe is the object
// strongroom-probe/TENANT/ID. It stays in the bucket, because the platform can delete nothing
// there, and retention may keep it. One verification of a tenant and a component runs at a time, and
// 10 an hour. GET /v1/tenant/storage?component=exports shows the last one of exports.
//
// After a change, a run and an export stay in the bucket in which they began: earlierOutputsBuckets
// and earlierExportsBuckets of the record list them. What the platform cannot do in a customer's
// bucket is in infra/adr/0062-the-tenants-own-bucket.md and 0079-a-customers-exports-bucket.md.
//
// # Who owns what
//
// Terraform creates the record, the key and the roles on the key, and this API changes the
// state of the versions and of the tenant. "owners" says so for each field. An apply does not change the state
// of versions, so data stays unreadable after an apply. An apply does grant the roles again,
// which "drift" shows; they have no effect while the versions are disabled. "rights" says what
// the platform can do with the key. If the key is in an external key manager, or its project does
// not grant the platform the role strongroom.keyAdministrator, it says who can do the rest.
//
// # The state of the tenant
//
//	active       requests are served
//	suspended    requests of the tenant are refused: 403 tenant-suspended
//	offboarding  the tenant leaves: it can read and export, and change nothing
//
// Terraform sets active or suspended in the record, and an apply overwrites the record. The API
// therefore has a document of its own, and the state in effect follows from both:
//
//	Terraform  API          in effect
//	active     -            active
//	active     suspended    suspended
//	active     offboarding  offboarding
//	suspended  any          suspended: only Terraform can resume the tenant (terraform-owned)
//
// "owners" says whose state is in effect, and "drift" that they differ. Each process caches a
// tenant for a minute, so "change" says by when every process has seen a change. Upload URLs
// from before work for at most 15 more minutes. While a tenant is offboarded, these operations
// are refused, and all others are served (TestLaw3EachOperationInEachStateOfTheTenant):
//
//	DELETE /v1/export-schedules/{schedule}                           tenant-offboarding
//	POST /v1/tenant/key/rotate                                       tenant-offboarding
//	POST /v1/tenant/storage/verify                                   tenant-offboarding
//	POST /v1/tenant/trust/rules                                      tenant-offboarding
//	POST /v1/tenant/workspaces/{workspace}/members                   tenant-offboarding
//	POST /v1/workspaces/{workspace}/assistants/{assistant}/rank      tenant-offboarding
//	POST /v1/workspaces/{workspace}/assistants/{assistant}/summary   tenant-offboarding
//	POST /v1/workspaces/{workspace}/config.git/git-receive-pack      tenant-offboarding
//	POST /v1/workspaces/{workspace}/config/reset                     tenant-offboarding
//	POST /v1/workspaces/{workspace}/config/reviews/{review}/approve  tenant-offboarding
//	POST /v1/workspaces/{workspace}/config/reviews/{review}/reject   tenant-offboarding
//	POST /v1/workspaces/{workspace}/issues/{issue}/explain           tenant-offboarding
//	POST /v1/workspaces/{workspace}/issues/{issue}/ignore            tenant-offboarding
//	POST /v1/workspaces/{workspace}/issues/{issue}/investigate       tenant-offboarding
//	POST /v1/workspaces/{workspace}/runs/{run}/heartbeat             tenant-offboarding
//	POST /v1/workspaces/{workspace}/runs/{run}/report                tenant-offboarding
//	POST /v1/workspaces/{workspace}/runs/{run}/uploads               tenant-offboarding
//	PUT /v1/consents/{feature}/{destination}                         tenant-offboarding
//	PUT /v1/export-schedules/{schedule}                              tenant-offboarding
//	PUT /v1/workspaces/{workspace}/assistants/{assistant}            tenant-offboarding
//	PUT /v1/workspaces/{workspace}/config/reviews/{review}           tenant-offboarding
//	PUT /v1/workspaces/{workspace}/runs/{run}                        tenant-offboarding
//	PUT /v1/workspaces/{workspace}/slis/{sli}                        tenant-offboarding
//
// # Each operation, by the state of the key
//
// While the key of a tenant is in one of these states, the operations of this tenant answer
// as the table says, five minutes after the change at the latest. "ok" is the answer with an
// active key, and the other words are codes of problems. The operations of other tenants do not
// change. A test calls each operation in each state (TestLaw3EachOperationInEachStateOfTheKey).
//
//	operation                                                              active          testing         test_failed     revoking        revoked         destroyed
//	GET /v1/tenant                                                         ok              ok              ok              ok              ok              ok
//	POST /v1/tenant/key/test                                               ok              ok              ok              ok              ok              ok
//	POST /v1/tenant/key/rotate                                             ok              key-not-active  key-not-active  key-not-active  key-not-active  key-destroyed
//	POST /v1/tenant/key/disable                                            ok              ok              ok              ok              ok              key-destroyed
//	POST /v1/tenant/key/enable                                             ok              ok              ok              ok              ok              key-destroyed
//	POST /v1/tenant/key/destroy                                            key-not-revoked key-not-revoked key-not-revoked key-not-revoked ok              key-destroyed
//	GET /v1/model-sends/{send}/request                                     ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	GET /v1/workspaces/{workspace}/assistants/{assistant}                  ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	GET /v1/workspaces/{workspace}/assistants/{assistant}/rank/preview     ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	GET /v1/workspaces/{workspace}/assistants/{assistant}/summary/preview  ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	GET /v1/workspaces/{workspace}/config                                  ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	GET /v1/workspaces/{workspace}/config/files/{file}                     ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	GET /v1/workspaces/{workspace}/config/log                              ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	GET /v1/workspaces/{workspace}/config/reviews/{review}                 ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	GET /v1/workspaces/{workspace}/config/reviews/{review}/files           ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	GET /v1/workspaces/{workspace}/issues/{issue}                          ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	GET /v1/workspaces/{workspace}/issues/{issue}/explain/preview          ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	GET /v1/workspaces/{workspace}/runs/{run}/outputs/{output}             ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	POST /v1/workspaces/{workspace}/assistants/{assistant}/rank            ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	POST /v1/workspaces/{workspace}/assistants/{assistant}/summary         ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	POST /v1/workspaces/{workspace}/config.git/git-upload-pack             ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	POST /v1/workspaces/{workspace}/config/reset                           ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	POST /v1/workspaces/{workspace}/config/reviews/{review}/approve        ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	POST /v1/workspaces/{workspace}/issues/search                          ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	POST /v1/workspaces/{workspace}/issues/{issue}/explain                 ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	POST /v1/workspaces/{workspace}/issues/{issue}/ignore                  ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	POST /v1/workspaces/{workspace}/runs/{run}/outputs/{output}/search     ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	POST /v1/workspaces/{workspace}/runs/{run}/report                      ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	PUT /v1/exports/{export}                                               ok              key-locked      ok              key-locked      key-locked      key-locked
//	PUT /v1/tenants/{tenant}/exports/{export}                              ok              key-locked      ok              key-locked      key-locked      key-locked
//	PUT /v1/workspaces/{workspace}/assistants/{assistant}                  ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	PUT /v1/workspaces/{workspace}/config/reviews/{review}                 ok              key-locked      key-locked      key-locked      key-locked      key-locked
//	every other operation                                                  ok              ok              ok              ok              ok              ok
//
// In the state test_failed, an older version is disabled: what it has encrypted cannot be read,
// and new data can be written. An operation that reads no text from before the change, such as
// the issues of a run that reported none, answers ok. So does an upload URL; the bucket then
// refuses the upload itself (CloudKmsDisabledKey, or AccessDenied without the roles).
//
// # Status
//
//	200  done, or the state says what is still to come
//	400  the body is not strict JSON
//	401  the token is missing or invalid; counted, not audited
//	403  audited: the role does not allow this, or the tenant is suspended or being offboarded
//	404  there is no such tenant, hold, workspace, member, rule or run, or no certificate yet; the storage was
//	     never verified (storage-not-verified)
//	409  nothing was changed:
//	     - the platform may not do this with the key (key-owner)
//	     - the key cannot be used, so it cannot be rotated (key-not-active)
//	     - every version is destroyed (key-destroyed)
//	     - an export is not finished, so the key cannot be rotated (export-active)
//	     - the key has another primary version than the request names (primary-changed)
//	     - somebody changes the key at the same time (key-changed)
//	     - the key is in use, so it cannot be destroyed (key-not-revoked)
//	     - the body names another tenant (other-tenant)
//	     - the start names no request of the admin (offboarding-unknown), or it is older than 7 days (offboarding-stale),
//	       or from the same person (offboarding-alone); nobody has asked for an offboarding (not-offboarding)
//	     - the storage is being verified (storage-busy)
//	     - a legal hold covers it (held)
//	     - the ID of a hold is taken (hold-exists), or the tenant has 100 holds (too-many-holds)
//	     - the confirmation that a hold ends is not of the last request (lifting-unknown), too late (lifting-stale),
//	       from the same person (lifting-alone), or from an admin of another issuer (lifting-issuer)
//	     - Terraform suspends the tenant, so the API cannot resume it, or has added the member (terraform-owned)
//	     - the workspace has 1,000 members (too-many-members)
//	     - a rule is for an issuer that Terraform does not trust (trust-issuer), does not match the token
//	       (trust-rule-unmatched), has no effect (trust-rule-shadowed), assigns the caller's own role (trust-locks-out), or
//	       is the 51st (too-many-trust-rules)
//	     - one of the two admins has the role by a rule of the API (destruction-added-rule, lifting-added-rule)
//	     - the tenant is being offboarded, so it cannot be suspended or resumed (tenant-offboarding)
//	     - the confirmation is not of the last request (destruction-unknown), or too late (destruction-stale)
//	     - the confirmation is from the same admin before 24 hours are over (destruction-alone), or from an
//	       account of another issuer (destruction-issuer)
//	413  the body is larger than 256 KiB
//	415  the body is not application/json
//	422  a field is invalid
//	429  wait as long as Retry-After says, because one of these is reached:
//	     - the caller sends more than 100 requests a second
//	     - the tenant's quota of requests in a minute (quota-exceeded)
//	     - the storage was verified 10 times in an hour
//	503  try again
//
// Errors are application/problem+json (RFC 9457). The audit log has two entries for each
// action: one before it, and one when a measurement has found its effect, with the state as
// the reason and the seconds in between.
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT       the platform's project
//	STRONGROOM_AUDIENCE        the prefix of every token's audience
//	STRONGROOM_AUDIT_KEY       projects/…/cryptoKeys/… that encrypts the audit log
//	STRONGROOM_PAGE_TOKEN_KEY  the key that authenticates page tokens, the same in all instances
//
// # IAM
//
//	strongroom.documentWriter              on each database
//	roles/datastore.user                   on the directory: no other function may write there
//	roles/cloudkms.cryptoKeyEncrypter      on the audit key
//	strongroom.bucketVerifier              on each tenant's outputs and exports bucket: their settings, no object
//	strongroom.blobSigner                  on each tenant's signing account, which can only create objects
//	strongroom.keyAdministrator            on each tenant's key: not on its key ring, so not on a signing key
//
// # Events
//
// It receives and publishes no events.
//
// # Try it
//
// While go run ./emulator runs, test the key, disable it, and enable it:
//
//	API=http://127.0.0.1:8080
//	TOKEN=$(curl -s "$API/emulator/token?tenant=acme&as=admin" | grep -o 'eyJ[^"]*')
//	as() { curl -s -H "Authorization: Bearer $TOKEN" "$@"; }
//	as -X POST $API/v1/tenant/key/test
//	as -X POST $API/v1/tenant/key/disable
//	as $API/v1/tenant
//	as -X POST $API/v1/tenant/key/enable
//
// See what was used today, place a legal hold, verify the storage, and let a user read a workspace:
//
//	API=http://127.0.0.1:8080
//	TOKEN=$(curl -s "$API/emulator/token?tenant=acme&as=admin" | grep -o 'eyJ[^"]*')
//	as() { curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"; }
//	as "$API/v1/tenant/usage?from=$(date -u +%F)"
//	as -X PUT -d '{"workspace":"prod"}' $API/v1/tenant/holds/case-17
//	as -X POST $API/v1/tenant/storage/verify
//	as -d '{"issuer":"http://127.0.0.1:8080/emulator/oidc","subject":"ann"}' $API/v1/tenant/workspaces/prod/members
//	as -d "{\"token\":\"$TOKEN\"}" $API/v1/tenant/trust/test
//
// As the platform's staff, list the tenants:
//
//	TOKEN=$(curl -s "http://127.0.0.1:8080/emulator/token?as=platform" | grep -o 'eyJ[^"]*')
//	curl -s -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/v1/tenants
package tenants

// Package consents is the function with which a tenant and the platform agree that a
// feature sends data to a language model, and with which they read what was sent.
//
// # Methods
//
//	GET    /v1/consents                                             auditor, admin  list the consents
//	GET    /v1/consents/{feature}/{destination}                     auditor, admin  show both halves, the text and the history
//	PUT    /v1/consents/{feature}/{destination}                     admin           give the tenant's half
//	DELETE /v1/consents/{feature}/{destination}                     admin           withdraw the tenant's half
//	GET    /v1/consent-texts/{text}                                 auditor, admin  show a text that was agreed to
//	GET    /v1/tenants/{tenant}/consents                            platform        list the consents of a tenant
//	GET    /v1/tenants/{tenant}/consents/{feature}/{destination}    platform        show both halves and the text
//	PUT    /v1/tenants/{tenant}/consents/{feature}/{destination}    platform        give the platform's half
//	DELETE /v1/tenants/{tenant}/consents/{feature}/{destination}    platform        withdraw the platform's half
//	GET    /v1/model-sends                                          auditor, admin  list the ledger: every request to a model
//	GET    /v1/model-sends/{send}/request                           auditor, admin  show the exact request, if it is stored
//	GET    /v1/platform/model-sends                                 platform        list the ledger of requests with public data
//	GET    /v1/data-map                                             viewer, auditor, admin, platform   show what may be done with each kind of data
//
// # Consents
//
// {feature} is explain-issue, summarise-workspace or rank-next-tasks. The feature
// enrich-catalog sends public data only and needs no consent. {destination} is one of:
//
//	single-tenant   the endpoint in the tenant's own project, if its record names one
//	shared          the platform's endpoint
//
// With the parameter workspace, a consent is for this workspace. Without it, the consent
// is for all workspaces of the tenant. A request needs one consent that is in effect.
//
//	{"expires": "2027-03-01T00:00:00Z",   at most a year ahead
//	 "text": "v1-0123456789ab"}           optional: the version of the text that was read
//
// A consent is in effect while both of its halves are active. Each half has an ID, who
// gave it, when, until when, and the version of the text. Its states:
//
//	none        never given
//	active
//	expired     its end date has passed
//	withdrawn   the side has withdrawn it
//	outdated    the endpoint, its settings or the fields have changed, so the text is another
//	invalid     its signature does not verify: it has no effect
//
// Rules:
//
//   - Nothing is agreed to by default, and one half alone has no effect.
//   - One person cannot give both halves, whatever their roles are. A person is an issuer
//     and a subject.
//   - A withdrawal takes effect at the next request to a model, in every process.
//   - To give the same half again changes nothing. Another half replaces it.
//   - Each half is signed with the platform's consent key, with which no other function may
//     sign. The functions that send verify the signature each time (infra/adr/0030).
//
// Staff do not see who gave a half.
//
// # Ledger
//
// GET /v1/model-sends has the parameters feature, pageSize (1 to 200, default 50) and
// pageToken, and lists the newest first:
//
//	{"sends":[{"entry":"0198…","time":"…","feature":"explain-issue","destination":"shared",
//	  "projectId":"…","location":"europe-west3","model":"…","workspace":"prod","resource":"issues/…",
//	  "fields":["issue.title text"],"bytes":2048,"sha256":"…","consents":["…","…"],
//	  "status":"answered","version":"…","promptTokens":512,"answerTokens":80,"answerSha256":"…"}],
//	 "nextPageToken":"…"}
//
// The status is open (no end is recorded: it may have been sent), answered, blocked,
// invalid, failed, interrupted or not-sent. "entry" and "endEntry" are entries of the audit
// log, which has the same facts: GET /v1/audit/entries/{entry}/proof proves them.
//
// The exact request is stored only if the tenant's record says for how long, sealed under
// the tenant's key. A request that is shown has the SHA-256 of the ledger.
//
// # Status
//
//	200  done
//	400  an element of the path does not have its form, the body is not strict JSON, or the page
//	     token is not valid
//	401  the token is missing or invalid; counted, not audited
//	403  audited: the role does not allow this, the tenant is suspended, or the same person gave
//	     the other half (same-person)
//	403  the tenant's key is disabled (key-locked), so a request cannot be shown
//	404  no such feature, destination, workspace, tenant or text, or the request is not stored
//	409  one of:
//	     - the feature sends public data only
//	     - the tenant or the platform has no such endpoint
//	     - "text" is not the version of the current text (consent-text)
//	413  the body is larger than 256 KiB
//	415  the body is not application/json
//	422  the end date is in the past or more than a year ahead, or a field is invalid
//	429  the caller sends more than 100 requests a second: wait as long as Retry-After says
//	503  try again
//
// Errors are application/problem+json (RFC 9457). The audit log has an entry for each
// half that is given or withdrawn, in the same commit, and before a request is shown.
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT       the platform's project
//	STRONGROOM_AUDIENCE        the prefix of every token's audience
//	STRONGROOM_AUDIT_KEY       projects/…/cryptoKeys/… that encrypts the audit log
//	STRONGROOM_PAGE_TOKEN_KEY  the key that authenticates page tokens, the same in all instances
//	STRONGROOM_CONSENT_KEY     projects/…/cryptoKeys/… that signs halves
//	STRONGROOM_MODEL_PROJECT   the project of the platform's endpoint; empty: none exists
//	STRONGROOM_MODEL_LOCATION  its location
//	STRONGROOM_MODEL           its model
//	STRONGROOM_MODEL_ABUSE_LOGGING_EXEMPT  true: Google logs no prompts of the project
//	STRONGROOM_MODEL_CACHE_DISABLED        true: Google caches no prompts of the project
//
// # IAM
//
//	strongroom.documentWriter              on each database
//	roles/datastore.viewer                 on the directory
//	roles/cloudkms.cryptoKeyEncrypter      on the audit key
//	roles/cloudkms.signer                  on the consent key: no other function has it
//	roles/cloudkms.publicKeyViewer         on the consent key
//	roles/cloudkms.viewer                  on the consent key
//	roles/cloudkms.cryptoKeyDecrypter      on each tenant's key: shows requests
//
// It cannot send anything to a model.
//
// # Events
//
// It receives and publishes no events.
//
// # Try it
//
// While go run ./emulator runs, give the tenant's half, and list the consents:
//
//	API=http://127.0.0.1:8080
//	TOKEN=$(curl -s "$API/emulator/token?tenant=acme&as=admin" | grep -o 'eyJ[^"]*')
//	as() { curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"; }
//	as -X PUT $API/v1/consents/explain-issue/shared -d "{\"expires\":\"$(($(date +%Y) + 1))-01-01T00:00:00Z\"}"
//	as $API/v1/consents
//	as $API/v1/consents/explain-issue/shared
//	as $API/v1/model-sends
//	as -X DELETE $API/v1/consents/explain-issue/shared
//
// A viewer is rejected:
//
//	TOKEN=$(curl -s "http://127.0.0.1:8080/emulator/token?tenant=acme&as=viewer" | grep -o 'eyJ[^"]*')
//	curl -s -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/v1/consents
package consents

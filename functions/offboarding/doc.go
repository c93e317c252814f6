// Package offboarding is the scheduled function that takes the steps of a tenant's offboarding:
// it destroys the key, empties the buckets, deletes the documents, and signs certificates.
//
// An admin of the tenant asks for an offboarding, and the platform's staff starts it, with
// package functions/tenants. The function does nothing for a tenant whose settings do not say
// both. Why it has an account of its own is in infra/adr/0055-offboarding.md.
//
// # The steps
//
//	step              what it does                                        ends
//	count             counts what each store has; the interim certificate 16 minutes after the start: then nothing can be added
//	export            nothing: the tenant copies everything               30 days after the start, when no export is active
//	retention         nothing                                             when no hold exists and no object is under retention
//	destroy-key       schedules the destruction of each version           at once
//	await-key         schedules it again for a version that came back     when each version is destroyed (key_destroy_days, 30)
//	delete-objects    empties the buckets for output, configurations and exports
//	delete-documents  deletes the documents below tenants/{tenant}, but the audit log
//	await-google      nothing                                             14 weeks after the last deletion
//	certify           counts again; the final certificate                 when nothing is left
//
// Until a version of the key is destroyed, the offboarding can be stopped, and the admin enables
// the key again. Before that, nothing is deleted. If it is started again, it begins from the
// first step.
//
// Before everything that erases, the function reads whether the offboarding was stopped and
// whether there is a legal hold. Any hold of the tenant stops the erasing steps, also one that
// is placed in the middle.
//
// A call takes steps until one has to wait, and stops after 4 minutes. Each step can be
// repeated, so a call that is killed anywhere is continued by the next one
// (TestLaw14GoneWhateverFails). The audit log of the tenant has an entry before each step that
// erases, and stays readable.
//
// The last wait covers the copies that Google keeps: soft-deleted objects for 7 to 90 days,
// documents for point-in-time recovery for 7 days, and backups of Firestore for 14 weeks.
//
// The documents of a tenant with its own database are deleted in the same way. Terraform then
// removes the database, and with it the documents of the audit log. The audit bucket has them too.
//
// # The certificate
//
// A certificate is a signed note; package certificate has its fields, which follow NIST SP
// 800-88 Rev. 2. The interim one is issued with the first step, and the final one with the
// last. It lists what existed, with counts and digests, what was erased, when and by which
// method, each version of the key, what remains and why, and the newest checkpoint of the
// tenant's audit log. GET /v1/tenants/{tenant}/certificate returns it. Everybody can read the
// verifier keys at GET /v1/tenants/{tenant}/certificates/keys (functions/audit).
//
// # Responses
//
//	200  {"offboarding":1,"steps":2,"done":0,"failed":0,"more":false}
//	500  something failed; the other tenants are done, and the next call tries again
//	503  the same for a transient failure
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT        the platform's project
//	STRONGROOM_AUDIT_KEY        projects/…/cryptoKeys/… that encrypts the audit log
//	STRONGROOM_HOST             host name of the API, for the name that signs
//	STRONGROOM_CERTIFICATE_KEY  projects/…/cryptoKeys/… of Ed25519 that signs certificates
//
// # IAM
//
//	roles/datastore.user              on each database: it deletes documents
//	roles/datastore.viewer            on the directory: nobody can start or hurry an offboarding with this account
//	roles/cloudkms.cryptoKeyEncrypter on the audit key
//	roles/cloudkms.signer, publicKeyViewer, viewer  on the certificate key
//	strongroom.keyDestroyer           on each tenant's key: lists and destroys versions; decrypts nothing
//	strongroom.objectEraser           on each tenant's buckets for outputs, configurations and exports:
//	                                  lists and deletes objects; reads none
//
// # Try it
//
// While go run ./emulator runs, the embedded scheduler calls the function 37 minutes after each
// hour. Other callers are rejected:
//
//	curl -si -X POST http://127.0.0.1:8080/functions/offboarding
package offboarding

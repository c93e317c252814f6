// Package legalholds is the scheduled function that decides what rules at Google may delete: it
// marks the documents that are due for deletion, and the objects and documents that legal holds
// cover. So neither the lifecycle rules of buckets, nor an operator with a command, nor the TTL
// policies of Firestore delete what is held.
//
// An admin places and lifts holds with package functions/tenants. The functions of the platform
// ask package shared/legalhold before they delete anything, so a hold is in effect for them at
// once.
//
// # Documents that are due
//
// Once a day, for each tenant with a retention, it sets the time of deletion of each document that
// is due within a week (package shared/retention). If the settings or the holds have changed, it
// first takes the time back from documents that are not due any more. The tenants take turns, a
// page at a time, for at most 2 minutes of a call. A hold on a run keeps the run, what belongs to it,
// and the issues of its workspace; every hold keeps the records of exports, and the documents of audit
// entries. These are due when full bundles in the audit bucket have the entries, and the log's tree
// then says so (infra/adr/0081-audit-entries-expire.md). See infra/adr/0061-retention.md.
//
// # Legal holds
//
// After that, for each tenant that has a hold or had one, it lists the buckets for outputs, configurations
// and exports, and sets the temporary hold of each object to what the holds say. Then it takes
// the exact requests to models, and the counts of usage, away from their TTL policy, or returns
// them to it.
//
//	hold on      objects that are held
//	the tenant   all
//	a workspace  its outputs and configurations, waiting pushes too, and all exports
//	a run        its outputs, and all exports
//
// A pass begins when the holds have changed, and every 12 hours while there are holds, for new
// objects. That is often enough, because lifecycle rules delete nothing that is younger than a
// day. A call stops after 4 minutes, and the next one continues where it stopped.
//
// The platform owns the temporary holds of these buckets. Use event-based holds for your own
// purposes.
//
// What is due within 10 minutes of a new hold may be gone: the hold marks nothing before the next
// call. Terraform does not know of holds; what it asks for before it deletes a tenant is in
// infra/adr/0075-terraform-asks-for-the-certificate.md.
//
// # Responses
//
//	200  {"marked":12,"released":0,"due":250,"notDue":0,"finished":1,"failed":0,"more":false}
//	500  something failed; the other tenants are done, and the next call tries again
//	503  the same for a transient failure
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT  the platform's project
//
// # IAM
//
//	strongroom.documentWriter  on each database: reads and writes, deletes nothing
//	roles/datastore.viewer     on the directory
//	strongroom.objectHolder    on each tenant's buckets for outputs, configurations and exports:
//	                           lists objects and changes their metadata; reads and deletes none
//
// # Try it
//
// While go run ./emulator runs, the embedded scheduler calls the function every 10 minutes.
// Other callers are rejected:
//
//	curl -si -X POST http://127.0.0.1:8080/functions/legal-holds
package legalholds

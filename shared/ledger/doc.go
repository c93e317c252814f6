// Package ledger records every request to a language model: before it is sent, and when
// it has ended.
//
// A request is in two places, which one commit writes:
//
//   - in the audit log, as the entries models.send and models.end. They are the proof:
//     nobody can change them later without being detected.
//   - in a document, which is listed at once, and updated when the request has ended:
//     tenants/{tenant}/modelSends/{entry}, or platform/models/sends/{entry} for requests
//     with data of no tenant.
//
// The ID of both is that of the entry models.send. A request without an end is Open: the
// process may have stopped, so it may have been sent. A request that was provably not
// sent ends as NotSent.
//
// The same commit counts the request in a document for each feature, which enforces the
// limits per hour and day: tenants/{tenant}/modelSpend/{feature}. A request reserves the
// most tokens that it can use. Its end replaces them by those that it used.
package ledger

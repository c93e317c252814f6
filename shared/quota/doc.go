// Package quota bounds what a tenant does in a day or a minute, and counts it.
//
// Each process leases a share of a quota and then counts in its memory:
//
//	claim, err := leases.Take(ctx, quota.Scope{DB: db, Tenant: record, Workspace: w}, quota.Amounts{quota.Runs: 1})
//	if errors.As(err, &exceeded) { … }   // 429: exceeded says which quota, its limit, and when it renews
//	…                                    // do it
//	claim.Return(quota.Amounts{quota.Runs: 1}) // it was not done, so it does not count
//
// # An example
//
// A tenant may start 200,000 runs in a day. The first run in a process takes a lease of 8
// runs: one commit adds 8 to the number "leased" in the document of the day, and its reply
// has the sum of all processes. No document is read. The next 7 runs cost no call. The next
// lease is twice as long, and so on, up to 1/32 of the quota: so a busy process makes few
// commits, and one that is idle holds back little. When the sum is over the quota, the
// process gets what is left, and then refuses without a call until the quota renews.
//
// # What holds
//
//   - Never more than the quota is used, with one exception: requests. A process lends itself
//     1/256 of the requests of a minute before its first lease, so that a process with few
//     requests makes no commit. So at most processes x lease more are served.
//   - At most processes x lease of a quota stay unused while others are refused.
//   - If the reply of a commit is lost, its lease is counted and not used.
//   - If Firestore does not respond, work stops when the lease is used up: work is bounded
//     before it is done.
//   - A document gets one commit for each lease: at most 32 when the quota is used up, and a
//     few for each process that begins. So no document is hot, and none is split.
//
// # Usage
//
// Each commit also adds what the process has used since the last one, and now uses, to the
// number "used". What a process uses of its last lease before it ends is not in "used". It is in
// "leased".
//
// infra/adr/0060-quotas-are-leased.md has the reasons.
package quota

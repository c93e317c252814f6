// Package firestore is Cloud Firestore in Native mode, in this process: Google's
// own clients talk to it over gRPC (google.firestore.v1.Firestore) unchanged.
//
// # Modelled
//
// Documents with all value types, field paths, masks, preconditions, transforms
// and Firestore's limits on size, depth and names. Commits are atomic, times are
// microseconds that strictly increase, a write that changes nothing keeps the
// update time. Queries with every operator, AND and OR, cursors, offsets,
// limits, projections, collection groups, count, sum and avg, partitions, lists
// with missing documents. Reads as of a past time, an hour back by the clock and
// 100,000 changed documents at most; none from before a restart. Several
// databases, each made on first use.
//
// Transactions are optimistic, as in a database in optimistic concurrency mode:
// reads take no locks and see one moment; the commit looks whether every
// document read, every absent one and every query's answer is still the same,
// and is Aborted if not. Google's emulator is pessimistic: there writers wait for
// readers, and readers for writers.
//
// # Not modelled
//
//   - Listen, Write (the streaming one), ExecutePipeline, vector search and
//     query explanations answer Unimplemented.
//   - Security rules: Config.Authorize decides, per database.
//   - Indexes need no declaration, and none can be exempted: a query of any shape
//     has its index made on first use, which takes seconds over a million
//     documents and holds up the database meanwhile; Firestore fills an index in
//     the background. A scope has 64 indexes at most; queries of further shapes
//     look at every document. The size of index entries is not limited.
//     Server.Indexes tells what Firestore would want declared (needs.go).
//   - A descending order by name alone is refused, as Google's emulator does.
//   - Partitions are of even size, whereas Firestore picks them by its own splits.
//   - ListDocuments takes one collection, by name.
//   - A commit survives the death of the process, not that of the machine.
//   - Quotas of rate (one write a second on a document, 500/50/5) and TTL policies.
//   - The 60 seconds after which an idle transaction ends; the 270 seconds of
//     any transaction are.
//
// # How it works
//
// A database is a state: one B-tree of documents, sorted by collection and id,
// and one of index entries (state.go, index.go). Trees are copied on write, so a
// reader takes a snapshot for nothing and never waits for a writer. Values are
// encoded so that their bytes sort as Firestore sorts values (order.go); an index
// entry is the encoded values and the name, and a query becomes a range of
// entries per conjunction of its filter (filter.go, plan.go), merged if there are
// several (scan.go). A commit (commit.go, transaction.go) compares the versions
// a transaction saw with the live ones, by pointer, and runs its queries again
// only if their collections changed. With a directory, every commit is written
// to a bbolt file before it is seen (disk.go).
package firestore

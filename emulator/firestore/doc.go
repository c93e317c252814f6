// Package firestore is the embedded Cloud Firestore in Native mode. Google's own
// clients use it over gRPC (google.firestore.v1.Firestore) unchanged.
//
// # What is modeled
//
//   - Documents with all value types, field paths, masks, preconditions,
//     transforms, and Firestore's limits on size, depth and names.
//   - Atomic commits. Commit times strictly increase, in microseconds. A write that
//     changes nothing keeps the update time.
//   - Queries with every operator, AND and OR, cursors, offsets, limits,
//     projections, collection groups, count, sum, avg and partitions. Lists with
//     missing documents.
//   - Reads at a past time as with point-in-time recovery: any time of the past hour,
//     and whole minutes of the past seven days. The history is bounded by 200,000
//     changed documents and 512 MiB. It survives a restart.
//   - Several databases. Each is created when it is first used.
//   - Transactions as in a database in optimistic concurrency mode: reads take no locks
//     and see one moment. A commit is Aborted if anything that the transaction read has
//     changed: a document, the absence of a document, or the result of a query.
//     Google's emulator is pessimistic: writers and readers wait for each other.
//
// # What is not modeled
//
//   - Listen, Write (the streaming one), ExecutePipeline, vector search and query
//     explanations return Unimplemented.
//   - Security rules: Config.Authorize decides for each database.
//   - Declared indexes and index exemptions. A query creates the index that it needs
//     when it first runs. That takes seconds for a million documents, and blocks the
//     database for that time. A scope has up to 64 indexes; further queries read every
//     document. The size of index entries is not limited. Server.Indexes returns the
//     indexes that Firestore would require (needs.go).
//   - A descending order by name alone is rejected, as in Google's emulator.
//   - Partitions have even sizes. Firestore chooses them by its own splits.
//   - ListDocuments supports one collection, ordered by name.
//   - A commit survives a crash of the process, but not of the machine.
//   - Rate limits (one write per second on a document, 500/50/5).
//   - TTL policies delete nothing by themselves: Server.DeleteExpired does (ttl.go).
//   - The timeout of 60 seconds for idle transactions. The limit of 270 seconds for any
//     transaction is modeled.
//
// # How it works
//
// A database is a state: a B-tree of documents, sorted by collection and ID, and a
// B-tree of index entries (state.go, index.go). The trees are copied on write, so a
// reader gets a snapshot at no cost and never waits for a writer.
//
// Values are encoded so that their bytes sort as Firestore sorts the values
// (order.go). An index entry is the encoded values of its fields followed by the
// document's name. A query becomes one range of entries for each conjunction of its
// filter (filter.go, plan.go). Several ranges are merged (scan.go).
//
// A commit (commit.go, transaction.go) compares the document versions that the
// transaction read with the current ones, by pointer. It runs a query again only if
// a commit changed one of its collections since. With a directory, every commit is
// written to a bbolt file before readers see it (disk.go).
//
// # Planning: a worked example
//
// The query is: books where genre is "poetry" or "drama", and 1900 <= year < 2000,
// ordered by year descending.
//
//  1. The filter in disjunctive normal form has two conjunctions: (genre = "poetry",
//     year >= 1900, year < 2000), and the same with "drama". Each has its own plan.
//
//  2. The equality becomes the first column of the index and the order becomes the
//     second. The name, which ends every key, descends like the last order, so the
//     plan reads backward and both columns are stored ascending. The index is
//     (genre, year) on the collection books.
//
//  3. All keys of the first plan begin with the index's prefix and the encoded
//     "poetry". The inequalities bound what follows: from the encoded 1900,
//     inclusive, to the encoded 2000, exclusive. Nothing else is left to check:
//
//     prefix poetry | 1900 … 2000 | name
//
//  4. A cursor narrows the same bounds. StartAt(1950) lowers the upper bound to just
//     after all keys that begin with the encoded 1950.
//
//  5. The two scans are merged by what follows the equality (year, then name). A
//     document that both plans find is returned once.
//
// A condition that is not one range, such as year != 1950, does not narrow the
// bounds. The scan checks it on each document instead.
package firestore

// Package issue is about the findings of runs: one run's sighting of a finding,
// the issue that persists across sightings, and how runs of a check change the
// state of its issues.
//
// # Folding runs
//
// Events arrive late, twice and in any order, so a count of events would be wrong.
// [Fold] merges ("folds") runs into values that do not depend on the order: earliest
// and latest times, sets of runs, and what follows from them. The reasons are in
// infra/adr/0007-runs-are-folded.md.
//
// For example, a check has four runs. A run is conclusive if it ended as success
// or failure; only a conclusive run resolves what it does not see.
//
//	start  outcome  sees the issue
//	03:00  failure  yes
//	03:01  success  no              the issue is resolved
//	03:02  failure  yes             the issue is reopened
//	03:03  error    no              nothing changes, because the run is not conclusive
//
// In every order of arrival, the result is one issue with these values:
//
//	FirstSeen 03:00, LastSeen 03:02, Runs 2, Reopened 1, Since 03:02, StoredState reopened
//
// # Clocks
//
// The time of a run is its start by the runner's clock, and clocks differ. So the
// platform's clock must agree before an issue is resolved. A conclusive run
// resolves an issue only if both hold:
//
//   - It started after LastSeen, by the runners' clocks.
//   - Its first request (Created) arrived at the platform after the reports of all
//     runs that saw the issue (LastReported).
//
// For example, a runner's clock is 4 minutes ahead. At 10:00 its run finds
// nothing, and says that it started at 10:04. Another run starts at 10:02, and sees
// the issue. The first run does not resolve it, because its first request arrived
// before the report of the sighting. The next clean run after 10:04 resolves it.
//
// If the clocks disagree, an issue is shown as unresolved for one run longer. The
// platform cannot correct a run that began offline with a wrong clock and is sent
// later. The reasons are in infra/adr/0014-two-clocks.md.
//
// # History
//
// Whether an issue was reopened depends on runs that were folded before. Two
// bounded histories store what Fold needs of them:
//
//   - A check stores its newest runs: start, ID, and whether the run is
//     conclusive (at most MaxRecent).
//   - An issue stores the starts of the runs that saw it (at most MaxStarts).
//     Each start has the newest conclusive run since the start before it.
//
// In the example, the issue stores two starts:
//
//	start  resolved before it by
//	03:00  never
//	03:02  03:01
//
// Reopened is the number of starts that have such a run, and Since is the last
// of these starts. Assume that another run, which started at 03:01:30 and saw
// the issue, arrives last. Its start goes between the two, and the run of 03:01
// now belongs to it:
//
//	start     resolved before it by
//	03:00     never
//	03:01:30  03:01
//	03:02     never
//
// Reopened is still 1, and Since moves to 03:01:30.
package issue

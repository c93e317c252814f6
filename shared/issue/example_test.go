package issue_test

import (
	"fmt"
	"time"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// The runs of the package comment, with the last one folded first.
func ExampleFold() {
	const id = issue.ID("disk")
	result := func(minute int, outcome run.Outcome, sees ...issue.SightingFacts) issue.RunResult {
		return issue.RunResult{
			ID:        run.ID(fmt.Sprintf("0198c2b4-5d1e-7c3a-9f00-%012d", minute)),
			Start:     run.Start{Task: "disk-check", Resource: "db-1", Time: time.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC)},
			Outcome:   outcome,
			Sightings: sees,
		}
	}
	sighting := issue.SightingFacts{Number: 1, Issue: id, Severity: 2}

	check, issues := issue.Fold(issue.Check{}, nil, []issue.RunResult{
		result(3, run.Error),
		result(2, run.Failure, sighting),
		result(0, run.Failure, sighting),
	})
	fmt.Println(issues[id].StoredState, issues[id].Reopened)

	_, issues = issue.Fold(check, issues, []issue.RunResult{result(1, run.Success)})
	fmt.Println(issues[id].StoredState, issues[id].Reopened, issues[id].Since.Format(time.TimeOnly))
	// Output:
	// open 0
	// reopened 1 03:02:00
}

// Titles that differ only in amounts, addresses and random names are titles of
// one issue.
func ExampleNormalize() {
	fmt.Println(issue.Normalize("Pod cart-7d4b9c6f5d-x2x9k on 10.0.0.1 restarted 5 times"))
	fmt.Println(issue.Normalize("Pod cart-5b8fd7c4b6-qqkzt on 10.0.0.7 restarted 12 times"))
	fmt.Println(issue.Normalize("HTTP 503 from checkout"))
	// Output:
	// pod cart-<id> on <ip> restarted <n> time
	// pod cart-<id> on <ip> restarted <n> time
	// http 503 from checkout
}

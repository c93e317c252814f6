package rank_test

import (
	"fmt"

	"github.com/strongroom-dev/strongroom/shared/rank"
)

// A next step of an issue names things and a place. The search ignores them, and finds
// the task that the step asks for.
func ExampleIndex_Search() {
	index := rank.New([]rank.Document{
		{ID: "1", Name: "Fetch Deployment Logs", Documentation: "Prints the last lines of the logs.", Tags: []string{"logs"}},
		{ID: "2", Name: "Restart Deployment", Documentation: "Restarts all pods."},
		{ID: "3", Name: "Check DNS Resolution", Documentation: "Asks each resolver."},
	})
	for _, m := range index.Search("Check the logs of deployment `cart` in namespace `shop`", 2, nil) {
		fmt.Printf("%s %t %q\n", m.ID, m.Score >= 0.85, m.Words())
	}
	// Output:
	// 1 true ["logs" "deployment"]
	// 2 false ["deployment"]
}

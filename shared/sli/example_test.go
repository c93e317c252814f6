package sli_test

import (
	"fmt"
	"time"

	"github.com/strongroom-dev/strongroom/shared/sli"
)

// The example of the package comment: 20 bad samples, and then nothing.
func ExampleAlertHorizon() {
	maxSeconds := 5.0
	latency := sli.SLI{Name: "latency", Objective: sli.Objective{Max: &maxSeconds, Target: 0.99}}
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for minute := range 20 {
		latency = latency.Add("shop", sli.Sample{Time: noon.Add(time.Duration(minute) * time.Minute), Value: 8.5})
	}
	fmt.Println("page until another sample arrives:", latency.Until.Page.Equal(sli.Forever))
	fmt.Println("stale from", latency.Until.Stale.Format("15:04"))
	for _, hours := range []int{1, 2} {
		h := latency.Health(noon.Add(time.Duration(hours) * time.Hour))
		fmt.Println(hours, h.Alert, h.Stale)
	}
	// Output:
	// page until another sample arrives: true
	// stale from 13:19
	// 1 page false
	// 2 page true
}

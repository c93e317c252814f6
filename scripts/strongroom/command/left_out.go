package command

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// leftOutSummary is what the platform did not record of reports, because it is
// invalid. Nil: it recorded everything.
type leftOutSummary struct {
	Count   int             `json:"count" doc:"outputs, samples and issue lines"`
	Members []leftOutMember `json:"members" doc:"the first ones of each report"`
}

// leftOutMember is one value of a report that the platform did not record.
type leftOutMember struct {
	Run      string `json:"run"`
	Location string `json:"location" doc:"in the report's body, for example body.samples[3]"`
	Message  string `json:"message" doc:"why"`
	Value    any    `json:"value,omitempty"`
}

// add returns the summary with what the platform did not record of a report.
func (s *leftOutSummary) add(run string, left api.LeftOut, report api.Report) *leftOutSummary {
	if left.Count == 0 {
		return s
	}
	if s == nil {
		s = &leftOutSummary{}
	}
	s.Count += left.Count
	for _, fault := range left.Reasons {
		s.Members = append(s.Members, leftOutMember{
			Run: run, Location: fault.Location, Message: fault.Message, Value: valueAt(report, fault.Location),
		})
	}
	return s
}

// valueAt returns the member of a report at a location such as body.samples[3], or
// nil if none exists.
func valueAt(report api.Report, location string) any {
	var index int
	list, at, _ := strings.Cut(strings.TrimPrefix(location, "body."), "[")
	if _, err := fmt.Sscanf(at, "%d]", &index); err != nil || index < 0 {
		return nil
	}
	switch {
	case list == "outputs" && index < len(report.Outputs):
		return report.Outputs[index]
	case list == "samples" && index < len(report.Samples):
		return report.Samples[index]
	case list == "issues" && index < len(report.Issues):
		return report.Issues[index].Line
	}
	return nil
}

// print prints what the platform did not record.
func (s *leftOutSummary) print(printf func(format string, args ...any)) {
	if s == nil {
		return
	}
	printf("strongroom: WARNING: the platform did not record %d invalid values", s.Count)
	for _, m := range s.Members {
		printf("strongroom: WARNING: not recorded: %s: %s%s (run %s)", m.Location, m.Message, shortValue(m.Value), m.Run)
	}
}

// shortValue returns the start of a value for people.
func shortValue(value any) string {
	const maxShown = 120 // bytes
	text, err := json.Marshal(value)
	if err != nil || value == nil {
		return ""
	}
	if len(text) > maxShown {
		return fmt.Sprintf(": %.*s…", maxShown, text)
	}
	return ": " + string(text)
}

package issue

import "strings"

// bullets are what authors put before an item of a list.
const bullets = "-*• \t"

// Steps are the next steps one by one, without bullets and blank lines. Some
// tasks write them as JSON in a text; those are read too.
func (s Sighting) Steps() []string {
	text := strings.TrimSpace(s.NextSteps)
	lines, ok := stringsOf([]byte(text))
	if !ok {
		lines = strings.Split(text, "\n")
	}
	var steps []string
	for _, line := range lines {
		if step := strings.TrimSpace(strings.TrimLeft(line, bullets)); step != "" {
			steps = append(steps, step)
		}
	}
	return steps
}

package issue

import "strings"

// bullets are the characters before an item of a list.
const bullets = "-*• \t"

// Steps returns the next steps one by one, without bullets and blank lines. Some
// tasks write a JSON array as a string, so Steps accepts that too.
func (s Sighting) Steps() []string {
	text := strings.TrimSpace(s.NextSteps)
	lines, ok := parseStrings([]byte(text))
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

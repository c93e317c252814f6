package ingest

import (
	"slices"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/issue"
)

// maxBytes is how much of a report's body findings may use. 1,000 outputs need
// less than the remaining 512 KiB.
const maxBytes = api.MaxReportBytes - 512<<10

// Split returns the findings in as many parts as reports are needed, at least
// one. The worst severities are first, and otherwise the order stays. So nothing
// is lost because of its place in a file, and what matters most arrives first.
// Runs that report the parts must have the same start, so that none resolves the
// issues of another.
func (f *Findings) Split() []Findings {
	s := splitter{parts: []part{{}}}
	for _, line := range bySeverity(f.Issues) {
		s.addIssue(line)
	}
	s.current = 0
	for _, sample := range f.Samples {
		s.addSample(sample)
	}
	all := make([]Findings, len(s.parts))
	for i, p := range s.parts {
		all[i] = p.Findings
	}
	all[0].Notes = f.Notes
	return all
}

// bySeverity returns the lines with the worst severities first.
func bySeverity(lines []api.IssueLine) []api.IssueLine {
	var bySeverity [5][]api.IssueLine
	for _, l := range lines {
		s, _ := issue.ParseSighting([]byte(l.Line)) // it was parsed before
		bySeverity[s.Severity] = append(bySeverity[s.Severity], l)
	}
	return slices.Concat(bySeverity[:]...)
}

// part is findings that fit into one report.
type part struct {
	Findings
	bytes int // in the report's body
	slis  map[string]bool
}

// splitter fills one part after the other.
type splitter struct {
	parts   []part
	current int // index of the part that is being filled
}

func (s *splitter) addIssue(l api.IssueLine) {
	size := encodedSize(l)
	p := &s.parts[s.current]
	if len(p.Issues) == api.MaxIssues || len(p.Issues) > 0 && p.bytes+size > maxBytes {
		p = s.next()
	}
	p.bytes += size
	p.Issues = append(p.Issues, l)
}

func (s *splitter) addSample(sample api.Sample) {
	size := encodedSize(sample)
	p := &s.parts[s.current]
	for !p.hasRoom(sample, size) {
		p = s.next()
	}
	if p.slis == nil {
		p.slis = map[string]bool{}
	}
	p.slis[sample.SLI] = true
	p.bytes += size
	p.Samples = append(p.Samples, sample)
}

func (p *part) hasRoom(sample api.Sample, size int) bool {
	return len(p.Samples) < api.MaxSamples && (p.slis[sample.SLI] || len(p.slis) < api.MaxSLIs) && p.bytes+size <= maxBytes
}

// next returns the next part, which may have issues already.
func (s *splitter) next() *part {
	if s.current++; s.current == len(s.parts) {
		s.parts = append(s.parts, part{})
	}
	return &s.parts[s.current]
}

// encodedSize returns the size of a finding in a report's body, with a comma.
func encodedSize(finding any) int {
	encoded, _ := api.Encode(finding) // a finding was decoded from JSON, or is a finite number
	return len(encoded) + 1
}

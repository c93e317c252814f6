package findings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/configtree"
)

// MaxFindings limits the findings of one tree. A tree with more is refused as a whole.
const MaxFindings = 5000

// Kind says what a finding is.
type Kind string

// The kinds of findings.
const (
	Secret   Kind = "secret"   // it opens something
	Personal Kind = "personal" // it is about a person, or a label that somebody wrote for another purpose
)

// Finding is something that should not leave the customer's network.
type Finding struct {
	Path    string `json:"path" class:"configuration"`
	Line    int    `json:"line" class:"configuration"`            // from 1
	Field   string `json:"field,omitempty" class:"configuration"` // empty: a comment, or a file that is not YAML
	Rule    string `json:"rule" class:"operational"`
	Kind    Kind   `json:"kind" class:"operational"`
	Excerpt string `json:"excerpt" class:"configuration"` // masked
}

// ID names the finding within its tree.
func (f Finding) ID() string { return fmt.Sprintf("%s:%d:%s", f.Path, f.Line, f.Rule) }

// Scan returns the findings of a tree, sorted by path and line. Each line has each rule at
// most once. It stops after MaxFindings+1.
func Scan(tree configtree.Tree) (found []Finding) {
	for _, f := range tree.Files {
		if found = append(found, ScanFile(f, f.Documents())...); len(found) > MaxFindings {
			break
		}
	}
	return found
}

// ScanFile returns the findings of one file of a tree, which has these documents.
func ScanFile(f configtree.File, documents []configtree.Document) []Finding {
	s := scan{seen: map[string]bool{}}
	for _, d := range documents {
		for v := range d.Values() {
			s.value(f.Path, v)
		}
	}
	s.text(f)
	slices.SortStableFunc(s.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule))
	})
	return s.found
}

// ScanText returns the secrets in a text that is no file, such as the message of a commit.
func ScanText(text string) (secrets []Finding) {
	s := scan{seen: map[string]bool{}}
	s.text(configtree.File{Data: []byte(text)})
	for _, f := range s.found {
		if f.Kind == Secret {
			secrets = append(secrets, f)
		}
	}
	return secrets
}

// scan collects findings.
type scan struct {
	found []Finding
	seen  map[string]bool // by ID
}

func (s *scan) add(f Finding) {
	if id := f.ID(); !s.seen[id] {
		s.seen[id] = true
		s.found = append(s.found, f)
	}
}

// value applies the rules to a key or a value of a document.
func (s *scan) value(path string, v configtree.Value) {
	s.tokens(Finding{Path: path, Line: v.Line, Field: v.Field}, v.Text, maxDecodes)
	if rule, ok := byContext(v); ok {
		s.add(Finding{Path: path, Line: v.Line, Field: v.Field, Rule: rule.name, Kind: rule.kind, Excerpt: Mask(v.Text)})
	}
}

// text applies the rules that need no field to the lines of a file. In YAML it finds
// what is in comments; what is in values is found there first.
func (s *scan) text(f configtree.File) {
	line := 0
	for text := range strings.Lines(string(f.Data)) {
		line++
		s.tokens(Finding{Path: f.Path, Line: line}, text, maxDecodes)
	}
}

// Mask returns what may be shown of a value that was found.
func Mask(text string) string {
	const shown = 4
	text = strings.TrimSpace(text)
	if first, _, more := strings.Cut(text, "\n"); more {
		text = first
	}
	if len(text) < 4*shown {
		return "****"
	}
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text[:shown])
	return clean + "****"
}

// Waiver accepts findings of one tree, with a reason.
type Waiver struct {
	Rule   string `json:"rule" class:"operational" maxLength:"40"`
	Path   string `json:"path,omitempty" class:"configuration" maxLength:"400"` // empty: in every file, which only a rule of the kind personal allows
	Line   int    `json:"line,omitempty" class:"configuration" minimum:"0" maximum:"1048576"`
	Reason string `json:"reason" class:"configuration" minLength:"3" maxLength:"500"`
}

// Check rejects a waiver that is not valid.
func (w Waiver) Check() error {
	kind, ok := ruleKinds[w.Rule]
	switch {
	case !ok:
		return fmt.Errorf("there is no rule %q; use the rule of a finding", printable(w.Rule))
	case kind == Secret && (w.Path == "" || w.Line == 0):
		return fmt.Errorf("a waiver of the rule %s names the path and the line of one finding", w.Rule)
	case len(strings.TrimSpace(w.Reason)) < 3:
		return fmt.Errorf("the waiver of %s has no reason; say why it may be uploaded", w.Rule)
	}
	return nil
}

// Covers reports whether a valid waiver accepts a finding.
func (w Waiver) Covers(f Finding) bool {
	return w.Check() == nil && w.Rule == f.Rule && (w.Path == "" || w.Path == f.Path) && (w.Line == 0 || w.Line == f.Line)
}

// Open returns the findings that no waiver covers.
func Open(found []Finding, waivers []Waiver) (open []Finding) {
	for _, f := range found {
		if !slices.ContainsFunc(waivers, func(w Waiver) bool { return w.Covers(f) }) {
			open = append(open, f)
		}
	}
	return open
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '?'
	}, s[:min(len(s), 40)])
}

package catalog

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// parser parses a file row by row. A setting may continue over several rows, so it is
// applied when the next one, a task or a section starts.
type parser struct {
	suite       Suite
	section     string // see sections; empty: before the first section, or unknown
	setting     string // see settings; empty: none
	values      []row  // rows of the current setting
	task        *draft // the current task; nil: none
	drafts      []draft
	allTags     []string
	defaultTags []string
}

// row is the cells of a line.
type row []string

// draft is a task whose tags are not known yet, because the suite's settings may
// follow later in the file.
type draft struct {
	Task
	tags   []string
	tagged bool
}

var header = lazyregexp.New(`^\*[*\s]*([^*]*?)[*\s]*$`)

func (p *parser) row(r row, indented bool) {
	if len(r) == 0 {
		return
	}
	if m := header.FindStringSubmatch(r[0]); m != nil && !indented {
		p.close()
		p.task = nil
		p.section = sections()[normal(m[1])]
		if p.section == "" {
			p.suite.Unknown = append(p.suite.Unknown, m[1])
		}
		return
	}
	if r[0] == "..." {
		p.values = append(p.values, r[1:])
		return
	}
	switch p.section {
	case settingSection:
		p.open(r)
	case taskSection, testSection:
		p.taskRow(r, indented)
	}
}

// open starts a setting.
func (p *parser) open(r row) {
	p.close()
	p.setting, p.values = settings()[normal(strings.Trim(r[0], "[]"))], []row{r[1:]}
}

func (p *parser) taskRow(r row, indented bool) {
	p.close()
	if !indented {
		p.drafts = append(p.drafts, draft{Task: Task{Name: unescape(r[0])}})
		p.task = &p.drafts[len(p.drafts)-1]
		r = r[1:]
	}
	if p.task != nil && len(r) > 0 && strings.HasPrefix(r[0], "[") && strings.HasSuffix(r[0], "]") {
		p.open(r)
	}
}

// close applies the current setting.
func (p *parser) close() {
	setting, values := p.setting, p.values
	p.setting, p.values = "", nil
	switch {
	case setting == "":
	case p.task != nil:
		p.taskSetting(setting, values)
	default:
		p.suiteSetting(setting, values)
	}
}

func (p *parser) taskSetting(name string, values []row) {
	switch name {
	case "documentation":
		p.task.Documentation = text(values)
	case "tags":
		p.task.tags, p.task.tagged = list(values), true
	}
}

func (p *parser) suiteSetting(name string, values []row) {
	switch name {
	case "documentation":
		p.suite.Documentation = text(values)
	case "name":
		p.suite.Name = text(values)
	case "testtags":
		p.allTags = list(values)
	case "defaulttags":
		p.defaultTags = list(values)
	case "metadata":
		p.metadata(values)
	}
}

func (p *parser) metadata(values []row) {
	if len(values[0]) == 0 {
		return
	}
	if p.suite.Metadata == nil {
		p.suite.Metadata = map[string]string{}
	}
	key := unescape(values[0][0])
	values[0] = values[0][1:]
	p.suite.Metadata[key] = text(values)
	if key == "Supports" {
		p.suite.Supports = supports(values)
	}
}

// supports returns the names in cells, and those between commas in one cell.
func supports(values []row) (names []string) {
	for _, cell := range list(values) {
		for name := range strings.SplitSeq(cell, ",") {
			if name = strings.TrimSpace(name); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// end applies the current setting and adds the tasks to the suite. A task without a
// name is not a task.
func (p *parser) end() {
	p.close()
	for _, d := range p.drafts {
		if d.Name != "" {
			d.Tags = p.tags(d.tags, d.tagged)
			p.suite.Tasks = append(p.suite.Tasks, d.Task)
		}
	}
}

// text joins cells by spaces and rows by newlines, unless a row ends with a
// backslash or an escaped newline.
func text(values []row) string {
	var b strings.Builder
	for i, r := range values {
		line := strings.Join(r, " ")
		if i == len(values)-1 {
			b.WriteString(unescape(line))
			break
		}
		switch {
		case strings.HasSuffix(line, `\n`):
			b.WriteString(unescape(line))
		case strings.HasSuffix(line, `\`) && !strings.HasSuffix(line, `\\`):
			b.WriteString(unescape(strings.TrimSuffix(line, `\`)))
		default:
			b.WriteString(unescape(line) + "\n")
		}
	}
	return strings.TrimSpace(b.String())
}

func list(values []row) []string {
	var items []string
	for _, r := range values {
		for _, cell := range r {
			items = append(items, unescape(cell))
		}
	}
	return items
}

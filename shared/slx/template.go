package slx

import "strings"

// Template is the name of tasks, in which each ${…} matches any text.
type Template struct{ texts []string } // what is between the variables, in lower case; at least one

// ParseTemplate parses a template. A ${ without a } is a text.
func ParseTemplate(text string) Template {
	var t Template
	rest := strings.ToLower(text)
	for {
		before, after, ok := strings.Cut(rest, "${")
		_, after, closed := strings.Cut(after, "}")
		if !ok || !closed {
			t.texts = append(t.texts, rest)
			return t
		}
		t.texts, rest = append(t.texts, before), after
	}
}

// Match reports whether a name has the texts of the template at both ends and, in order,
// between them. Upper and lower case make no difference. It takes time in proportion to the
// lengths of the template and of the name.
func (t Template) Match(name string) bool {
	first, last := t.texts[0], t.texts[len(t.texts)-1]
	name = strings.ToLower(name)
	if len(t.texts) == 1 {
		return name == first
	}
	name, ok := strings.CutPrefix(name, first)
	if !ok {
		return false
	}
	if name, ok = strings.CutSuffix(name, last); !ok {
		return false
	}
	for _, text := range t.texts[1 : len(t.texts)-1] {
		if _, name, ok = strings.Cut(name, text); !ok {
			return false
		}
	}
	return true
}

// Fill replaces each ${NAME} in a name by the value of the variable. Others stay.
func Fill(name string, variables []Variable) string {
	if !strings.Contains(name, "${") {
		return name
	}
	for _, v := range variables {
		name = strings.ReplaceAll(name, "${"+v.Name+"}", v.Value)
	}
	return name
}

package slx

import (
	"cmp"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// Limits of what is read of one document, in elements and bytes. Longer lists are cut,
// and longer texts are left out.
const (
	maxTags      = 50
	maxVariables = 20
	maxTitles    = 20
	maxGroupSLXs = 500
	maxRelations = 500

	maxNameBytes  = 256
	maxValueBytes = 128
)

// Limits of all elements of a configuration.
const (
	MaxElements     = 20_000
	MaxElementBytes = 8 << 20 // as JSON
)

// Element is what one document says. An element of a workspace document has one of its
// groups, or its relations.
type Element struct {
	Kind string `json:"kind" class:"configuration"`
	SLX  string `json:"slx,omitempty" class:"configuration"`
	Path string `json:"path" class:"configuration"` // of the file

	Alias    string `json:"alias,omitempty" class:"configuration"`
	Resource string `json:"resource,omitempty" class:"configuration"`
	Tags     []Tag  `json:"tags,omitempty"`

	Source    Source     `json:"source,omitzero"`
	Titles    []string   `json:"titles,omitempty" class:"configuration"`
	Variables []Variable `json:"variables,omitempty"`

	Unit      string    `json:"unit,omitempty" class:"configuration"`
	Objective Objective `json:"objective,omitzero"`

	Group     Group      `json:"group,omitzero"`
	Relations []Relation `json:"relations,omitempty"`
}

// Tag is a tag of an SLX.
type Tag struct {
	Name  string `json:"name" class:"configuration"`
	Value string `json:"value,omitempty" class:"configuration"`
}

// Variable is a value of the configuration that replaces ${Name} in the names of tasks.
type Variable struct {
	Name  string `json:"name" class:"configuration"`
	Value string `json:"value" class:"configuration"`
}

// Objective is the objective of an SLI, as the configuration has it.
type Objective struct {
	Objective string `json:"objective,omitempty" class:"configuration"` // percent, such as 99.5
	Operand   string `json:"operand,omitempty" class:"configuration"`   // such as gt
	Threshold string `json:"threshold,omitempty" class:"configuration"`
}

// Group is a group of SLXs.
type Group struct {
	Name string   `json:"name" class:"configuration"`
	SLXs []string `json:"slxs,omitempty" class:"configuration"`
}

// Relation says that one SLX has to do with another one.
type Relation struct {
	SLX  string `json:"slx" class:"configuration"`
	Verb string `json:"verb" class:"configuration"` // such as depends-on
	To   string `json:"to" class:"configuration"`   // name of an SLX
}

// Collection has what documents say. The zero Collection is empty.
type Collection struct {
	Elements []Element
	Omitted  int64            // elements that did not fit
	Kinds    map[string]int64 // number of documents of each kind

	size int
}

// Add adds what the documents of a file say.
func (c *Collection) Add(documents []configtree.Document) {
	if c.Kinds == nil {
		c.Kinds = map[string]int64{}
	}
	for _, d := range documents {
		c.Kinds[d.Kind]++
		for _, e := range read(d) {
			if c.size += e.bytes(); len(c.Elements) == MaxElements || c.size > MaxElementBytes {
				c.Omitted++
				continue
			}
			c.Elements = append(c.Elements, e)
		}
	}
}

// Collect returns what the documents of a tree say, in the order of their paths.
func Collect(tree configtree.Tree) *Collection {
	c := &Collection{Kinds: map[string]int64{}}
	for _, file := range tree.Files {
		c.Add(file.Documents())
	}
	return c
}

// read returns the elements of one document. A document that says nothing about an SLX
// has none.
func read(d configtree.Document) []Element {
	root := d.Root()
	spec := root.Child("spec")
	e := Element{Kind: d.Kind, Path: d.Path, SLX: Name(cmp.Or(root.Text("metadata", "labels", "slx"), d.Name))}
	if e.SLX == "" {
		return nil
	}
	switch d.Kind {
	case configtree.Workspace:
		return readWorkspace(d.Path, spec)
	case configtree.SLX:
		e.Alias = bounded(spec.Text("alias"), maxNameBytes)
		e.Resource = bounded(cmp.Or(spec.Text("additionalContext", "qualified_name"), spec.Text("additionalContext", "qualifiedName")), maxNameBytes)
		e.Tags = readTags(spec)
	case configtree.Runbook, configtree.TaskSet:
		e.Source, e.Titles, e.Variables = readSource(spec), readTitles(spec), readVariables(spec)
	case configtree.SLI:
		e.Source = readSource(spec)
		e.Unit = bounded(cmp.Or(spec.Text("displayUnitsShort"), spec.Text("displayUnitsLong")), maxNameBytes)
	case configtree.SLO:
		e.Objective = Objective{
			Objective: bounded(spec.Text("objective"), maxValueBytes), Operand: bounded(spec.Text("operand"), maxValueBytes),
			Threshold: bounded(spec.Text("threshold"), maxValueBytes),
		}
	default:
		return nil
	}
	return []Element{e}
}

func readWorkspace(path string, spec configtree.Node) (elements []Element) {
	for _, g := range spec.Child("slxGroups").List() {
		group := Group{Name: bounded(g.Text("name"), maxNameBytes)}
		for _, n := range g.Child("slxs").List() {
			if name := Name(n.Text()); name != "" && len(group.SLXs) < maxGroupSLXs {
				group.SLXs = append(group.SLXs, name)
			}
		}
		elements = append(elements, Element{Kind: configtree.Workspace, Path: path, Group: group})
	}
	relations := Element{Kind: configtree.Workspace, Path: path}
	for _, n := range spec.Child("slxRelationships").List() {
		r := Relation{SLX: Name(n.Text("subject")), Verb: bounded(n.Text("verb"), maxNameBytes), To: Name(n.Text("directObject"))}
		if r.SLX != "" && r.To != "" && len(relations.Relations) < maxRelations {
			relations.Relations = append(relations.Relations, r)
		}
	}
	return append(elements, relations)
}

func readTags(spec configtree.Node) (tags []Tag) {
	for _, n := range spec.Child("tags").List() {
		t := Tag{bounded(n.Text("name"), maxNameBytes), bounded(n.Text("value"), maxNameBytes)}
		if t.Name != "" && len(tags) < maxTags {
			tags = append(tags, t)
		}
	}
	return tags
}

func readSource(spec configtree.Node) Source {
	bundle := spec.Child("codeBundle")
	return NewSource(bounded(bundle.Text("repoUrl"), maxNameBytes), bounded(bundle.Text("pathToRobot"), maxNameBytes))
}

// readTitles reads tasks: a list of titles, or of objects that have one.
func readTitles(spec configtree.Node) (titles []string) {
	for _, n := range spec.Child("tasks").List() {
		title := bounded(cmp.Or(n.Text(), n.Text("title"), n.Text("name")), maxNameBytes)
		if title != "" && len(titles) < maxTitles {
			titles = append(titles, title)
		}
	}
	return titles
}

// plainValue is a value that may be part of the name of a task: a name of a namespace, a
// cluster or a host. A URL with a user, a header or a query is not.
var plainValue = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9 ._:/-]*$`)

func readVariables(spec configtree.Node) (variables []Variable) {
	for _, n := range spec.Child("configProvided").List() {
		v := Variable{bounded(n.Text("name"), maxNameBytes), bounded(n.Text("value"), maxValueBytes)}
		if v.Name != "" && plainValue.MatchString(v.Value) && len(variables) < maxVariables {
			variables = append(variables, v)
		}
	}
	return variables
}

// bounded returns a text without spaces around it, or "" if it is longer than a limit.
func bounded(text string, limit int) string {
	if text = strings.TrimSpace(text); len(text) > limit {
		return ""
	}
	return text
}

// Name returns the name of an SLX without the prefix of the workspace, or "" if it is too
// long.
func Name(name string) string {
	if at := strings.LastIndex(name, "--"); at >= 0 {
		name = name[at+2:]
	}
	return bounded(name, maxNameBytes)
}

// Key returns a key that is equal for names of the same SLX.
func Key(name string) string { return strings.ToLower(Name(name)) }

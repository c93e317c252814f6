package configtree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// APIVersion is the apiVersion of every document.
const APIVersion = "runwhen.com/v1"

// The kinds of documents.
const (
	Workspace = "Workspace"
	SLX       = "ServiceLevelX"
	Runbook   = "Runbook"
	TaskSet   = "TaskSet"
	SLI       = "ServiceLevelIndicator"
	SLO       = "ServiceLevelObjective"
	Workflow  = "Workflow"
)

// Kinds are the kinds that a document may have.
var Kinds = []string{Workspace, SLX, Runbook, TaskSet, SLI, SLO, Workflow}

// Limits of one YAML file. The largest file of the public generators has a few hundred
// values in six levels, apart from the workspace's map.
const (
	maxNodes     = 100_000
	maxLevels    = 32
	maxDocuments = 100
)

// Document is one YAML document of a tree.
type Document struct {
	Path string `class:"configuration"` // of its file
	Kind string `class:"configuration"`
	Name string `class:"configuration"` // metadata.name

	root *yaml.Node
}

// Documents returns the documents of a file of a valid tree. A tree does not keep them,
// because they need ten times the memory of their text.
func (f File) Documents() []Document {
	documents, _ := f.Read()
	return documents
}

// Read returns the documents of a file, or its faults. The path is not checked.
func (f File) Read() ([]Document, []Fault) {
	fault := func(line int, field, message string) []Fault {
		return []Fault{{Path: printable(f.Path), Line: line, Field: field, Message: message}}
	}
	if !utf8.Valid(f.Data) || bytes.IndexByte(f.Data, 0) >= 0 {
		return nil, fault(0, "", "the file is not UTF-8 text; remove it or change its encoding")
	}
	switch extension := path.Ext(f.Path); {
	case extension == ".md" || isDotFile(path.Base(f.Path)):
		return nil, nil
	case extension != ".yaml" && extension != ".yml":
		return nil, fault(0, "", "the file is not YAML (.yaml, .yml) or a text (.md); remove it or list it in .strongroomignore")
	}
	documents, err := parseYAML(f)
	var located *locatedError
	if errors.As(err, &located) {
		return nil, fault(located.line, located.field, located.message)
	}
	if err != nil {
		return nil, fault(0, "", "the file is not valid YAML; check its syntax")
	}
	return documents, nil
}

// locatedError is a fault at a place of a file.
type locatedError struct {
	line           int
	field, message string
}

func (e *locatedError) Error() string { return e.message }

func parseYAML(f File) (documents []Document, err error) {
	// The parser of go.yaml.in/yaml can panic on some invalid files.
	defer func() {
		if recover() != nil {
			documents, err = nil, errors.New("invalid YAML")
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(f.Data))
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if isEmpty(&node) {
			continue
		}
		d, err := newDocument(f.Path, &node)
		if err != nil {
			return nil, err
		}
		if documents = append(documents, d); len(documents) > maxDocuments {
			return nil, &locatedError{message: fmt.Sprintf("the file has more than %d documents; split it", maxDocuments)}
		}
	}
	if len(documents) == 0 {
		return nil, &locatedError{message: "the file has no document; remove it"}
	}
	return documents, nil
}

func isEmpty(n *yaml.Node) bool {
	return len(n.Content) == 0 || len(n.Content) == 1 && n.Content[0].Tag == "!!null"
}

func newDocument(p string, node *yaml.Node) (Document, error) {
	root := node.Content[0]
	nodes := 0
	if err := checkNode(root, "", 0, &nodes); err != nil {
		return Document{}, err
	}
	d := Document{Path: p, Kind: textAt(root, "kind"), Name: textAt(root, "metadata", "name"), root: root}
	switch {
	case root.Kind != yaml.MappingNode:
		return d, &locatedError{root.Line, "", "a document is a mapping with apiVersion, kind, metadata and spec"}
	case textAt(root, "apiVersion") != APIVersion:
		return d, &locatedError{root.Line, "apiVersion", "the apiVersion must be " + APIVersion}
	case !slices.Contains(Kinds, d.Kind):
		return d, &locatedError{root.Line, "kind", "the kind must be one of " + strings.Join(Kinds, ", ")}
	case d.Name == "" || len(d.Name) > 253:
		return d, &locatedError{root.Line, "metadata.name", "a name has 1 to 253 bytes"}
	}
	return d, nil
}

// checkNode rejects what makes a small document large or ambiguous.
func checkNode(n *yaml.Node, field string, level int, nodes *int) error {
	if *nodes++; *nodes > maxNodes {
		return &locatedError{n.Line, "", fmt.Sprintf("the document has more than %d values; split it", maxNodes)}
	}
	switch {
	case level > maxLevels:
		return &locatedError{n.Line, field, fmt.Sprintf("the document has more than %d levels; make it flatter", maxLevels)}
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return &locatedError{n.Line, field, "anchors and aliases are not allowed; write the value out"}
	case strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") || n.Tag == "!!binary" || n.Tag == "!!merge":
		return &locatedError{n.Line, field, "tags, binary values and merge keys are not allowed; write the value out"}
	}
	return eachChild(n, field, func(child *yaml.Node, field string) error {
		return checkNode(child, field, level+1, nodes)
	})
}

// eachChild calls f for each value of a mapping or a sequence, with its field. Keys are
// names of fields: texts that are different from each other.
func eachChild(n *yaml.Node, field string, f func(child *yaml.Node, field string) error) error {
	if n.Kind == yaml.SequenceNode {
		for i, child := range n.Content {
			if err := f(child, fmt.Sprintf("%s[%d]", field, i)); err != nil {
				return err
			}
		}
		return nil
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Tag == "!!merge":
			return &locatedError{key.Line, field, "a key is a text, without anchors and merges"}
		case seen[key.Value]:
			return &locatedError{key.Line, field, "a key appears twice; remove one"}
		}
		seen[key.Value] = true
		if err := f(n.Content[i+1], join(field, fieldName(key.Value))); err != nil {
			return err
		}
	}
	return nil
}

func join(field, name string) string {
	if field == "" {
		return name
	}
	return field + "." + name
}

// fieldName returns a key as it is shown: a key can be any text.
func fieldName(key string) string {
	name := strings.Map(func(r rune) rune {
		if allowed(r) || strings.ContainsRune("/[]@", r) {
			return r
		}
		return '?'
	}, key)
	return name[:min(len(name), 100)]
}

// textAt returns the text at a path of keys, or "".
func textAt(n *yaml.Node, keys ...string) string {
	for _, key := range keys {
		if n = child(n, key); n == nil {
			return ""
		}
	}
	if n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

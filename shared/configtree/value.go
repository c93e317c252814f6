package configtree

import (
	"iter"

	"go.yaml.in/yaml/v3"
)

// Value is one value of a document.
type Value struct {
	Field string `class:"configuration"` // such as spec.configProvided[0].value
	Key   string `class:"configuration"` // the last key of the field
	Name  string `class:"configuration"` // the value of the key name next to it, or ""
	Text  string `class:"configuration"`
	Line  int    `class:"configuration"` // from 1
}

// Values iterates over the values of the document, and over its keys. A key is a Value
// whose Key is empty and whose Field is the mapping that has the key.
func (d Document) Values() iter.Seq[Value] {
	return func(yield func(Value) bool) { walk(d.root, Value{}, yield) }
}

func walk(n *yaml.Node, at Value, yield func(Value) bool) bool {
	switch n.Kind {
	case yaml.ScalarNode:
		at.Text, at.Line = n.Value, n.Line
		return yield(at)
	case yaml.MappingNode:
		name := textAt(n, "name")
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			field := join(at.Field, fieldName(key.Value))
			if !yield(Value{Field: at.Field, Text: key.Value, Line: key.Line}) ||
				!walk(value, Value{Field: field, Key: key.Value, Name: name}, yield) {
				return false
			}
		}
	}
	if n.Kind != yaml.SequenceNode {
		return true
	}
	ok := true
	_ = eachChild(n, at.Field, func(child *yaml.Node, field string) error {
		if ok {
			ok = walk(child, Value{Field: field, Key: at.Key, Name: at.Name}, yield)
		}
		return nil
	})
	return ok
}

// Node is a value of a document. The zero Node is a value that does not exist.
type Node struct{ node *yaml.Node }

// Root returns the whole document.
func (d Document) Root() Node { return Node{d.root} }

// Child returns the value of a key.
func (n Node) Child(key string) Node { return Node{child(n.node, key)} }

// Text returns the text at a path of keys, or "".
func (n Node) Text(keys ...string) string {
	if n.node == nil {
		return ""
	}
	return textAt(n.node, keys...)
}

// List returns the values of a sequence.
func (n Node) List() (values []Node) {
	if n.node == nil || n.node.Kind != yaml.SequenceNode {
		return nil
	}
	for _, value := range n.node.Content {
		values = append(values, Node{value})
	}
	return values
}

package dataclass

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Declaration says which type the documents at a path, the messages of a topic, the
// rows of an export's table, or the payloads of a model's feature have.
type Declaration struct {
	Path    string // of documents, as "tenants/{tenant}/deks/{epoch}"; or the ID of a topic, a table or a feature
	Place   Place
	Type    reflect.Type
	Encoder string // the struct tag that names the fields
}

// declarations is filled while packages are initialized, and only read later.
var declarations []Declaration

// Stored declares the type of the documents at a path. It panics if the path is
// declared twice. Call it to initialize a package variable next to the type.
func Stored[T any](path string) Declaration {
	place := PlatformDocument
	if strings.HasPrefix(path, "tenants/{tenant}/") {
		place = TenantDocument
	}
	return declare(Declaration{Path: path, Place: place, Type: reflect.TypeFor[T](), Encoder: "firestore"})
}

// Published declares what the messages of a topic carry: the attributes, if the
// encoder is Attribute, or the data, if it is "json".
func Published[T any](topic, encoder string) Declaration {
	return declare(Declaration{Path: topic, Place: Message, Type: reflect.TypeFor[T](), Encoder: encoder})
}

// TenantTopicPath is the path of the declarations of Delivered.
const TenantTopicPath = "the tenant's audit topic"

// Delivered declares what the messages carry that a tenant's own audit topic
// receives: the attributes, if the encoder is Attribute, or the data, if it is "json".
func Delivered[T any](encoder string) Declaration {
	return declare(Declaration{Path: TenantTopicPath, Place: TenantTopic, Type: reflect.TypeFor[T](), Encoder: encoder})
}

// Exported declares the type of the rows of a table of exports.
func Exported[T any](table string) Declaration {
	return declare(Declaration{Path: table, Place: ExportsBucket, Type: reflect.TypeFor[T](), Encoder: "json"})
}

// Sent declares the type of what a feature sends to a language model.
func Sent[T any](feature string) Declaration {
	return declare(Declaration{Path: feature, Place: ModelPayload, Type: reflect.TypeFor[T](), Encoder: "json"})
}

func declare(d Declaration) Declaration {
	for _, other := range declarations {
		if other.Path == d.Path && other.Place == d.Place && other.Encoder == d.Encoder {
			panic(fmt.Sprintf("dataclass: %s is declared twice: %s and %s", d.Path, other.Type, d.Type))
		}
	}
	declarations = append(declarations, d)
	return d
}

// Declarations returns everything that the linked packages declare.
func Declarations() []Declaration { return slices.Clone(declarations) }

// Check returns an error that joins everything wrong with the labels.
func (d Declaration) Check() error {
	if err := Check(d.Type, d.Encoder, d.Place); err != nil {
		return fmt.Errorf("%s: %w", d.Path, err)
	}
	return nil
}

// Find returns the declaration of the document at a path within its database.
func Find(path string) (Declaration, bool) {
	i := slices.IndexFunc(declarations, func(d Declaration) bool { return d.isDocument() && matches(d.Path, path) })
	if i < 0 {
		return Declaration{}, false
	}
	return declarations[i], true
}

func (d Declaration) isDocument() bool {
	return d.Place == TenantDocument || d.Place == PlatformDocument
}

// matches compares a path with a declared one, whose segments in braces match
// anything.
func matches(declared, path string) bool {
	want, got := strings.Split(declared, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i, segment := range want {
		if segment != got[i] && !strings.HasPrefix(segment, "{") {
			return false
		}
	}
	return true
}

// Package policy checks a Terraform plan or state against rules that every
// installation must satisfy, whatever its variables are.
//
// For example, a plan with a bucket that has no customer-managed key has this finding:
//
//	module.tenant.google_storage_bucket.this["outputs"]: customer-managed keys: encryption.default_kms_key_name is missing, so Google's own key would encrypt the data
package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Resource is one managed resource, as it is after the plan is applied.
type Resource struct {
	Address string         // module.platform.google_pubsub_topic.this["object-events"]
	Type    string         // google_pubsub_topic
	Values  map[string]any // its arguments; null if a value is not known yet
	unknown map[string]any // true, or nested, for each value that is not known yet
}

// Has reports whether an argument has a value, or will have one after apply.
func (r Resource) Has(name string) bool {
	return present(r.Values[name]) || present(r.unknown[name])
}

// Text returns the argument as a string. It is empty if the argument is not a
// string, or not known yet.
func (r Resource) Text(name string) string {
	s, _ := r.Values[name].(string)
	return s
}

// Block returns the first block with that name, or a Resource without values if
// none exists.
func (r Resource) Block(name string) Resource {
	return Resource{Address: r.Address, Type: r.Type, Values: first(r.Values[name]), unknown: first(r.unknown[name])}
}

// Number returns the argument as a number. It is 0 if the argument is not a
// number, or not known yet.
func (r Resource) Number(name string) float64 {
	n, _ := r.Values[name].(float64)
	return n
}

// Blocks returns every block with that name.
func (r Resource) Blocks(name string) []Resource {
	var all []Resource
	list, _ := r.Values[name].([]any)
	unknown, _ := r.unknown[name].([]any)
	for i, v := range list {
		values, _ := v.(map[string]any)
		block := Resource{Address: r.Address, Type: r.Type, Values: values}
		if i < len(unknown) {
			block.unknown, _ = unknown[i].(map[string]any)
		}
		all = append(all, block)
	}
	return all
}

func present(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

func first(v any) map[string]any {
	if list, ok := v.([]any); ok && len(list) > 0 {
		m, _ := list[0].(map[string]any)
		return m
	}
	return nil
}

// module is a module in the JSON of a state: developer.hashicorp.com/terraform/internals/json-format.
type module struct {
	Resources []struct {
		Address, Mode, Type string
		Values              map[string]any
	}
	ChildModules []module `json:"child_modules"`
}

type document struct {
	ResourceChanges []struct {
		Address, Mode, Type string
		Change              struct {
			Actions       []string
			Before, After map[string]any
			AfterUnknown  map[string]any `json:"after_unknown"`
		}
	} `json:"resource_changes"`
	Values *struct {
		RootModule module `json:"root_module"`
	}
}

// Resources reads the output of `terraform show -json`, of a plan or a state. An
// input without resources is an error, because a check of nothing would pass.
func Resources(text []byte) ([]Resource, error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	var all []Resource
	for _, c := range d.ResourceChanges {
		if c.Mode == "managed" && c.Change.After != nil { // a deletion has no values after it
			all = append(all, Resource{Address: c.Address, Type: c.Type, Values: c.Change.After, unknown: c.Change.AfterUnknown})
		}
	}
	if d.Values != nil {
		all = append(all, d.Values.RootModule.all()...)
	}
	if len(all) == 0 {
		return nil, errors.New("read plan: it has no resources; pass the output of terraform show -json PLAN")
	}
	return all, nil
}

// Change is what a plan does to one managed resource that it does not leave as it is.
type Change struct {
	Action string // create, update, delete or replace
	Resource
	CreateFirst bool           // the replacement is created before the old resource is deleted
	Before      map[string]any // the arguments before; null for a new resource
}

// Changes reads the output of `terraform show -json` of a plan, and returns the
// changes in it. A plan that changes nothing has none.
func Changes(text []byte) ([]Change, error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	changes := []Change{}
	for _, c := range d.ResourceChanges {
		action := strings.Join(c.Change.Actions, " ")
		if c.Mode != "managed" || action == "no-op" || action == "read" {
			continue
		}
		if len(c.Change.Actions) > 1 {
			action = "replace" // delete create, or create delete
		}
		after := Resource{Address: c.Address, Type: c.Type, Values: c.Change.After, unknown: c.Change.AfterUnknown}
		first := action == "replace" && c.Change.Actions[0] == "create"
		changes = append(changes, Change{Action: action, Resource: after, CreateFirst: first, Before: c.Change.Before})
	}
	return changes, nil
}

func (m module) all() []Resource {
	var all []Resource
	for _, r := range m.Resources {
		if r.Mode == "managed" {
			all = append(all, Resource{Address: r.Address, Type: r.Type, Values: r.Values})
		}
	}
	for _, child := range m.ChildModules {
		all = append(all, child.all()...)
	}
	return all
}

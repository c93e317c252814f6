// Package infra holds the one table of what is deployed: each function with
// its trigger, its routes and the roles of its service account. The embedded
// cloud enforces it, and Terraform creates it.
package infra

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed suite.json
var suite []byte

// Suite is everything that is deployed.
type Suite struct {
	Functions map[string]Function `json:"functions"` // by name, which also names the service account
	Default   string              `json:"default"`   // function that answers what no route names
	Agents    map[string][]Role   `json:"agents"`    // roles of accounts that are no function's: "storage", Google's own of Cloud Storage; "signing", each tenant's
}

// Function is one deployable.
type Function struct {
	Package    string   `json:"package"`    // directory of its Go package
	EntryPoint string   `json:"entryPoint"` // name it registers with the functions framework
	Routes     []string `json:"routes"`     // "METHOD /path/{variable}" that the load balancer sends to it
	Topic      string   `json:"topic"`      // Pub/Sub topic that triggers it
	Schedule   string   `json:"schedule"`   // cron expression, UTC, of the scheduler that calls it
	Roles      []Role   `json:"roles"`
}

// Role is a role on a kind of resource: "database", "auditKey", "topic.NAME",
// "deadLetters.NAME" (the subscription that keeps the topic's dead letters), or,
// once for each tenant, "tenant.key", "tenant.signingKey",
// "tenant.signingAccount", "tenant.outputsBucket".
type Role struct {
	Role string `json:"role"`
	On   string `json:"on"`
}

// Load gives the table.
func Load() (Suite, error) {
	var s Suite
	if err := json.Unmarshal(suite, &s); err != nil {
		return Suite{}, fmt.Errorf("read suite.json: %w", err)
	}
	return s, nil
}

// DeadLetters is the id of the topic, and of its one subscription, of what
// could not be delivered of a topic.
func DeadLetters(topic string) string { return topic + "-dead" }

// Topics are the ids of all topics: those that trigger a function, and those
// that somebody may publish to. They are sorted.
func (s Suite) Topics() []string {
	var topics []string
	add := func(roles []Role) {
		for _, role := range roles {
			if topic, ok := strings.CutPrefix(role.On, "topic."); ok {
				topics = append(topics, topic)
			}
		}
	}
	for _, function := range s.Functions {
		if function.Topic != "" {
			topics = append(topics, function.Topic)
		}
		add(function.Roles)
	}
	for _, roles := range s.Agents {
		add(roles)
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}

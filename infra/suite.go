// Package infra contains the one table of what is deployed: each function with
// its trigger, its routes and the roles of its service account. The embedded
// cloud enforces the table, and Terraform creates what it lists.
//
// Decision 0006 (infra/adr) says why there is only one table.
package infra

import (
	"bytes"
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
	Functions map[string]Function `json:"functions"` // by name, which is also part of the service account's ID
	Default   string              `json:"default"`   // function that handles requests that match no route
	Agents    map[string][]Role   `json:"agents"`    // roles of accounts that belong to no function: "storage" is Cloud Storage's service agent, "signing" is each tenant's signing account, "exportReader" is the account that URLs of exports act as

	CustomRoles map[string]CustomRole `json:"customRoles"` // roles that Google does not predefine, by ID

	CustomerRoles map[string]CustomerRole `json:"customerRoles"` // what a customer grants on the buckets in its own project, by the role's ID there
}

// CustomerRole is a role that infra/modules/storage defines in a customer's project, and grants
// on the customer's buckets.
type CustomerRole struct {
	Title       string   `json:"title"`
	Buckets     []string `json:"buckets"`     // outputs, exports
	Holders     []string `json:"holders"`     // functions, or accounts of Agents: "signing" or "exportReader"
	Permissions []string `json:"permissions"` // sorted
}

// CustomRole is a role that the installation defines, because every predefined role
// with these permissions has more.
type CustomRole struct {
	Title       string   `json:"title"`
	On          []string `json:"on"`          // kinds of resources on which a holder may have it
	Permissions []string `json:"permissions"` // sorted
}

// Function is one deployable. It has exactly one trigger: Routes, Pages, Topic or
// Schedule.
type Function struct {
	Summary    string   `json:"summary"`    // what it does, in one line that continues "it …"; the README lists it
	Package    string   `json:"package"`    // directory of its Go package
	EntryPoint string   `json:"entryPoint"` // name that it registers with the functions framework
	Routes     []string `json:"routes"`     // "METHOD /path/{variable}" that the load balancer sends to it
	Pages      []string `json:"pages"`      // "/path" for browsers, without the API's authentication; also paths below with "{name...}"
	Topic      string   `json:"topic"`      // Pub/Sub topic that triggers it, as does Replayed of it
	Schedule   string   `json:"schedule"`   // cron expression, UTC, of the scheduler that calls it
	Roles      []Role   `json:"roles"`      // roles of its service account

	LateAfterSeconds int    `json:"lateAfterSeconds"` // with a schedule: time without a success after which an alert fires
	IfLate           string `json:"ifLate"`           // with a schedule: the effect until it succeeds again, for the alert's text
	Limits           Limits `json:"limits"`           // the zero value keeps the defaults of the Terraform module function
}

// Limits are the limits of a function that differ from the defaults of the
// Terraform module function. A zero field keeps the default.
type Limits struct {
	Concurrency    int    `json:"concurrency"`    // simultaneous requests in one instance
	MaxInstances   int    `json:"maxInstances"`   // in each region
	TimeoutSeconds int    `json:"timeoutSeconds"` // of one request
	Why            string `json:"why"`            // the reason, because JSON has no comments
}

// Role is a role on a kind of resource:
//   - "database", "directory" (the database that decides who may do what),
//     "auditKey", "logKey", "manifestKey", "consentKey", "signInKey", "certificateKey", "exportReader", "topic.NAME"
//   - "modelProject": the project of the platform's own language model, if it has one
//   - "deadLetters.NAME": the subscription that keeps the dead letters of the topics
//     NAME and replayed-NAME
//   - for each tenant: "tenant.database" (of those that have their own), "tenant.key", "tenant.signingKey",
//     "tenant.signingAccount", "tenant.outputsBucket", "tenant.configsBucket", "tenant.exportsBucket",
//     "tenant.auditBucket", "tenant.auditTopic" and "tenant.modelProject" (of those that
//     have one)
type Role struct {
	Role string `json:"role"` // roles/NAME, or the ID of a custom role
	On   string `json:"on"`
}

// RoleName returns the full name of a role of the table. A custom role is one of the
// project of the resource that it is granted on.
func RoleName(role, projectID string) string {
	if strings.HasPrefix(role, "roles/") {
		return role
	}
	return "projects/" + projectID + "/roles/" + role
}

// Load returns the table. It rejects unknown fields, because a misspelled role or
// limit would otherwise have no effect.
func Load() (Suite, error) {
	var s Suite
	decoder := json.NewDecoder(bytes.NewReader(suite))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return Suite{}, fmt.Errorf("read suite.json: %w", err)
	}
	return s, nil
}

const replayed = "replayed-"

// Replayed returns the ID of the topic for messages of a topic that are sent again.
// It has its own subscription. So an account that sends messages again needs no
// permission to publish to the topic itself.
func Replayed(topic string) string { return replayed + topic }

// DeadLetters returns the ID of the dead-letter topic of a topic and of Replayed of
// it, which is also the ID of its only subscription.
func DeadLetters(topic string) string { return strings.TrimPrefix(topic, replayed) + "-dead" }

// Topics returns the sorted IDs of all topics: those that trigger a function, and
// those that an account may publish to.
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
			topics = append(topics, function.Topic, Replayed(function.Topic))
		}
		add(function.Roles)
	}
	for _, roles := range s.Agents {
		add(roles)
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}

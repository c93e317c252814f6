package pubsub

import (
	"fmt"
	"regexp"
	"strings"
)

// The rules are from cloud.google.com/pubsub/docs/pubsub-basics#resource_names.
var (
	idRule   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}$`)
	nameRule = regexp.MustCompile(`^projects/[^/]+/(topics|subscriptions)/([^/]+)$`)
)

// fullName returns the full name of a topic or subscription, given its ID or its
// full name. Kind is "topics" or "subscriptions".
func fullName(projectID, kind, name string) (string, error) {
	if !strings.Contains(name, "/") {
		name = "projects/" + projectID + "/" + kind + "/" + name
	}
	parts := nameRule.FindStringSubmatch(name)
	if parts == nil || parts[1] != kind || !idRule.MatchString(parts[2]) || strings.HasPrefix(parts[2], "goog") {
		return "", fmt.Errorf("%q does not name one of %s; use its ID or projects/PROJECT/%s/ID", name, kind, kind)
	}
	return name, nil
}

// projectOf returns the project in a full name.
func projectOf(name string) string { return strings.Split(name, "/")[1] }

// lastPart returns the ID in a full name.
func lastPart(name string) string { return name[strings.LastIndex(name, "/")+1:] }

package kms

import (
	"regexp"
	"slices"
	"strings"
)

// kind is a kind of resource.
type kind int

const (
	location kind = iota + 2 // the number of collections in its name
	keyRing
	cryptoKey
	cryptoKeyVersion
)

// levels are the parts of a full name, with the IDs that each allows. Source:
// cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys/create.
var levels = []struct {
	collection string
	id         *regexp.Regexp
}{
	{"projects", regexp.MustCompile(`^[a-z0-9][a-z0-9.:-]{0,62}$`)},
	{"locations", regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)},
	{"keyRings", userID},
	{"cryptoKeys", userID},
	{"cryptoKeyVersions", versionID},
}

var (
	userID    = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,63}$`)
	versionID = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)
)

// resource is a parsed name.
type resource struct {
	name string
	kind kind
}

// parseName parses the full name of a resource of one of these kinds.
func parseName(name string, kinds ...kind) (resource, error) {
	parts := strings.Split(name, "/")
	depth := len(parts) / 2
	if len(parts)%2 != 0 || !slices.Contains(kinds, kind(depth)) {
		return resource{}, badName(name)
	}
	for i, level := range levels[:depth] {
		if parts[2*i] != level.collection || !level.id.MatchString(parts[2*i+1]) {
			return resource{}, badName(name)
		}
	}
	return resource{name, kind(depth)}, nil
}

// parent returns the name of the resource that contains this one.
func (r resource) parent() string {
	parts := strings.Split(r.name, "/")
	return strings.Join(parts[:len(parts)-2], "/")
}

// keyName returns the name of the key that r is, or is a version of.
func (r resource) keyName() string {
	if r.kind == cryptoKeyVersion {
		return r.parent()
	}
	return r.name
}

package pubsub

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// filter contains the attribute values that a message must have. The zero filter
// matches every message.
type filter map[string]string

var filterTerm = regexp.MustCompile(`^\s*attributes\.([A-Za-z_][A-Za-z0-9_]*|"(?:[^"\\]|\\.)*")\s*=\s*("(?:[^"\\]|\\.)*")`)

// parseFilter parses the part of Google's filter language that compares attributes
// for equality, joined by AND:
// `attributes.eventType = "OBJECT_FINALIZE" AND attributes."a/b" = "c"`
// (cloud.google.com/pubsub/docs/subscription-message-filter). The empty text is
// the zero filter.
func parseFilter(text string) (filter, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	f := filter{}
	for rest := text; ; {
		term := filterTerm.FindStringSubmatch(rest)
		if term == nil {
			return nil, fmt.Errorf("filter %q: only `attributes.key = \"value\"`, joined by AND, is supported", text)
		}
		if err := f.add(term[1], term[2]); err != nil {
			return nil, fmt.Errorf("filter %q: %w", text, err)
		}
		rest = strings.TrimLeft(rest[len(term[0]):], " \t\r\n")
		if rest == "" {
			return f, nil
		}
		var and bool
		if rest, and = strings.CutPrefix(rest, "AND"); !and || !startsTerm(rest) {
			return nil, fmt.Errorf("filter %q: AND is missing", text)
		}
	}
}

func startsTerm(rest string) bool { return strings.TrimLeft(rest, " \t\r\n") != rest }

func (f filter) add(key, quoted string) error {
	if strings.HasPrefix(key, `"`) {
		unquoted, err := strconv.Unquote(key)
		if err != nil {
			return fmt.Errorf("key %s: %w", key, err)
		}
		key = unquoted
	}
	value, err := strconv.Unquote(quoted)
	if err != nil {
		return fmt.Errorf("value %s: %w", quoted, err)
	}
	if before, ok := f[key]; ok && before != value {
		return fmt.Errorf("%q cannot have two values", key)
	}
	f[key] = value
	return nil
}

func (f filter) matches(attributes map[string]string) bool {
	for key, value := range f {
		if have, ok := attributes[key]; !ok || have != value {
			return false
		}
	}
	return true
}

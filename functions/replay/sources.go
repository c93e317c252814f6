package replay

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/outbox"
)

// Source is where a function's messages come from.
type Source struct {
	Topic string
	Data  bool // its messages carry data, which a record in quarantine does not keep
}

// Sources are the functions that take messages, by name, as the table of what is
// deployed has them.
var Sources = map[string]Source{
	"assistant-update": {Topic: outbox.RunEvents},
	"custody":          {Topic: "object-events", Data: true},
}

// known gives the source of a function that takes messages.
func known(function, location string) (Source, error) {
	source, ok := Sources[function]
	if !ok {
		return Source{}, unknown("no function of this name takes messages", slices.Sorted(maps.Keys(Sources)), location)
	}
	return source, nil
}

// checkTopic refuses a topic that no function takes from.
func checkTopic(topic string) error {
	var topics []string
	for _, source := range Sources {
		topics = append(topics, source.Topic)
	}
	slices.Sort(topics)
	if !slices.Contains(topics, topic) {
		return unknown("there is no topic of this name", slices.Compact(topics), "body.topic")
	}
	return nil
}

func unknown(detail string, names []string, location string) error {
	return api.Refuse(http.StatusUnprocessableEntity, detail,
		api.Fault{Message: "expected one of " + strings.Join(names, ", "), Location: location})
}

// checkKept refuses a function whose records are not all that its messages said.
func (s Source) checkKept(function string) error {
	if !s.Data {
		return nil
	}
	return api.Refuse(http.StatusUnprocessableEntity, fmt.Sprintf(
		"messages of %[1]s carry data that its records do not keep; seek its subscription back instead, at most a week: "+
			"gcloud pubsub subscriptions seek %[1]s --time=TIME; the playbook on dead letters says more", function),
		api.Fault{Message: "it cannot be replayed from its records", Location: "body.function"})
}

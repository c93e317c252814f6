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

// Source is the source of a function's messages.
type Source struct {
	Topic  string
	Replay string // the topic that replayed messages are published to
	Data   bool   // its messages carry data, which a quarantine record does not store
}

// Sources are the functions that receive messages, by their names in
// infra/suite.json.
var Sources = map[string]Source{
	"assistant-update": {Topic: outbox.RunEvents, Replay: "replayed-" + outbox.RunEvents},
	"config-graph":     {Topic: outbox.ConfigEvents, Replay: "replayed-" + outbox.ConfigEvents},
	"custody":          {Topic: "object-events", Replay: "replayed-object-events", Data: true},
	"export-worker":    {Topic: outbox.ExportParts, Replay: "replayed-" + outbox.ExportParts},
}

// sourceOf returns the source of a function, or a problem that lists the functions that
// receive messages.
func sourceOf(function, location string) (Source, error) {
	source, ok := Sources[function]
	if !ok {
		return Source{}, unknownName("this function does not exist or receives no messages", slices.Sorted(maps.Keys(Sources)), location)
	}
	return source, nil
}

// sourceFrom returns the source with a topic, or a problem that lists the topics from
// which functions receive messages.
func sourceFrom(topic string) (Source, error) {
	var topics []string
	for _, source := range Sources {
		if source.Topic == topic {
			return source, nil
		}
		topics = append(topics, source.Topic)
	}
	slices.Sort(topics)
	return Source{}, unknownName("this topic does not exist or no function receives its messages", topics, "body.topic")
}

func unknownName(detail string, names []string, location string) error {
	return api.Refuse(http.StatusUnprocessableEntity, detail,
		api.Fault{Message: "expected one of " + strings.Join(names, ", "), Location: location})
}

// checkReplayable rejects a function whose quarantine records lack the data of its
// messages.
func (s Source) checkReplayable(function string) error {
	if !s.Data {
		return nil
	}
	return api.Refuse(http.StatusUnprocessableEntity, fmt.Sprintf(
		"messages of %[1]s carry data that quarantine records do not store; instead, move its subscription back by at most a week: "+
			"gcloud pubsub subscriptions seek %[1]s --time=TIME; see the playbook on dead letters", function),
		api.Fault{Message: "quarantined messages of this function cannot be replayed", Location: "body.function"})
}

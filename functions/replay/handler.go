package replay

import (
	"context"
	"fmt"
	"net/http"
	"time"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/outbox"
)

// maxBatch is how many messages one call replays. A hundred of the largest messages
// have about 1 MB; a publish request has at most 10 MB:
// cloud.google.com/pubsub/quotas.
const maxBatch = 100

// sendTimeout limits how long one call sends. It is well below the acknowledgement
// deadline of pulled messages, which is one minute.
const sendTimeout = 20 * time.Second

// Handler replays messages for the platform's staff. It is safe for concurrent use.
// Concurrent calls may send a message twice.
type Handler struct {
	http.Handler
	API           *api.API
	guard         *access.Guard
	deps          function.Deps
	publisher     *outbox.Publisher
	subscriptions gcp.Lazy[*pubsub.SubscriptionAdminClient]
}

// New returns the function. It makes no calls.
func New(ctx context.Context, config access.Config, deps function.Deps) (*Handler, error) {
	guard, err := access.NewGuard(ctx, config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom replay", deps.Now, deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, guard: guard, deps: deps,
		publisher: outbox.NewPublisher(deps.Clients),
	}
	api.Register(a, h.operation("listQuarantine", http.MethodGet, "/v1/quarantine",
		"List quarantined messages, oldest first", auditlog.ListQuarantine), h.list)
	api.Register(a, h.operation("replayQuarantine", http.MethodPost, "/v1/quarantine/replay",
		"Replay quarantined messages of a function", auditlog.ReplayQuarantine), h.replayQuarantine)
	api.Register(a, h.operation("replayDeadLetters", http.MethodPost, "/v1/dead-letters/replay",
		"Replay dead letters of a topic", auditlog.ReplayDeadLetters), h.replayDeadLetters)
	return h, nil
}

func (h *Handler) operation(id, method, path, summary string, action auditlog.Action) huma.Operation {
	return h.guard.Protect(huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary,
		Errors: []int{400, 401, 403, 422, 503},
	}, action)
}

// replayResult is the work of one call.
type replayResult struct {
	Replayed int       `json:"replayed" class:"operational" doc:"Messages sent"`
	More     bool      `json:"more" class:"operational" doc:"There may be more messages: call again with before = asOf"`
	AsOf     time.Time `json:"asOf" class:"operational" doc:"Only messages from before this time were replayed"`
}

type replayResponse struct{ Body replayResult }

// newResponse returns the response of a call that has replayed nothing yet. A message
// that fails again during a replay is younger than AsOf. Therefore a client that loops
// with before = AsOf never replays it twice.
func (h *Handler) newResponse(before time.Time) *replayResponse {
	asOf := h.deps.Now()
	if !before.IsZero() && before.Before(asOf) {
		asOf = before
	}
	if epoch := time.Unix(0, 0); asOf.Before(epoch) { // Firestore stores no time before year 1
		asOf = epoch
	}
	return &replayResponse{replayResult{AsOf: asOf.UTC().Truncate(time.Microsecond)}}
}

// send writes an audit entry, and then publishes the messages to a topic. resource
// names the place that the messages come from.
func (h *Handler) send(ctx context.Context, action auditlog.Action, resource, topic string, messages []*pubsubpb.PubsubMessage) error {
	s := access.From(ctx)
	_, err := h.guard.Audit.Append(ctx, s.DB, auditlog.Entry{
		Actor: auditlog.By(s.Principal), Action: action, Outcome: auditlog.Allowed, Resource: resource,
		Counts: map[string]int64{"messages": int64(len(messages))},
	})
	if err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	return h.publisher.Send(ctx, topic, messages)
}

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

// maxBatch is how many messages one call sends again. A hundred of the largest
// are about 1 MB, of the 10 that Pub/Sub takes at once.
const maxBatch = 100

// patience bounds the sending of one call: well within the minute that Pub/Sub
// leaves to us what was pulled.
const patience = 20 * time.Second

// Handler sends messages again for the platform's staff. It is safe for
// concurrent use; what two calls take at once is sent twice.
type Handler struct {
	http.Handler
	API       *api.API
	guard     *access.Guard
	deps      function.Deps
	publisher *outbox.Publisher
	puller    gcp.Lazy[*pubsub.SubscriptionAdminClient]
}

// New makes the function; it calls nothing yet.
func New(ctx context.Context, config access.Config, deps function.Deps) (*Handler, error) {
	guard, err := access.NewGuard(ctx, config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom replay", deps.Log)
	h := &Handler{Handler: a.Handler(), API: a, guard: guard, deps: deps, publisher: outbox.NewPublisher(deps.Clients)}
	api.Register(a, h.operation("listQuarantine", http.MethodGet, "/v1/quarantine",
		"List what was refused for good, the oldest first", auditlog.ListQuarantine), h.list)
	api.Register(a, h.operation("replayQuarantine", http.MethodPost, "/v1/quarantine/replay",
		"Send again what a function refused for good", auditlog.ReplayQuarantine), h.replayQuarantine)
	api.Register(a, h.operation("replayDeadLetters", http.MethodPost, "/v1/dead-letters/replay",
		"Send again what could not be delivered", auditlog.ReplayDeadLetters), h.replayDeadLetters)
	return h, nil
}

func (h *Handler) operation(id, method, path, summary string, action auditlog.Action) huma.Operation {
	return h.guard.Protect(huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, RejectUnknownQueryParameters: true,
		Errors: []int{400, 401, 403, 422, 503},
	}, action)
}

// replayed is what one call did.
type replayed struct {
	Replayed int       `json:"replayed" doc:"Messages that were sent again"`
	More     bool      `json:"more" doc:"There may be more: call again with before = asOf"`
	AsOf     time.Time `json:"asOf" doc:"Only what was there before this time was taken"`
}

type replayResponse struct{ Body replayed }

// begin is the answer of a call that has done nothing yet. What comes back while
// somebody replays has come after asOf, so that it does not go round for ever.
func (h *Handler) begin(before time.Time) *replayResponse {
	asOf := h.deps.Now()
	if !before.IsZero() && before.Before(asOf) {
		asOf = before
	}
	if ever := time.Unix(0, 0); asOf.Before(ever) { // Firestore keeps no time before year 1
		asOf = ever
	}
	return &replayResponse{replayed{AsOf: asOf.UTC().Truncate(time.Microsecond)}}
}

// send publishes messages to a topic, after it was put on record that they are
// sent again; resource is what they were taken from.
func (h *Handler) send(ctx context.Context, action auditlog.Action, resource, topic string, messages []*pubsubpb.PubsubMessage) error {
	s := access.From(ctx)
	_, err := h.guard.Audit.Append(ctx, s.DB, auditlog.Entry{
		Actor: auditlog.By(s.Principal), Action: action, Outcome: auditlog.Allowed, Resource: resource,
		Counts: map[string]int64{"messages": int64(len(messages))},
	})
	if err != nil {
		return fmt.Errorf("record %s: %w", action, err)
	}
	return h.publisher.Send(ctx, topic, messages)
}

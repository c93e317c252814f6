package auditdelivery

import (
	"context"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/storage"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Bounds of one batch. Pub/Sub accepts 1,000 messages and 10 MB in one call:
// cloud.google.com/pubsub/quotas.
const (
	maxBatch      = 200
	maxBatchBytes = 4 << 20 // of leaves; one more leaf has at most 64 KiB
)

// retryRefused is how long a topic that refuses messages is not tried.
const retryRefused = 10 * time.Minute

// attributes are what a message carries in addition to the entry.
type attributes struct {
	Index  string          `attribute:"index" class:"operational"`
	ID     string          `attribute:"id" class:"audit"`
	Action auditlog.Action `attribute:"action" class:"audit"`
}

var (
	_ = dataclass.Delivered[attributes](dataclass.Attribute)
	_ = dataclass.Delivered[auditlog.Entry]("json")
)

// log is one tenant's log in one call of the function.
type log struct {
	tenant tenant.ID
	topic  string // full name
	bucket string // of the log
	db     *firestore.Client
	key    string // ordering key

	delivered int // entries in this call
	state     auditlog.Delivery
	size      int64 // of the published tree
	err       error
}

// batch delivers the next entries of a log. It reports whether there are more to
// deliver now.
func (h *Handler) batch(ctx context.Context, l *log) (more bool) {
	var tree auditlog.Tree
	if l.state, tree, l.err = auditlog.ReadDelivery(ctx, l.db, l.tenant); l.err != nil {
		return false
	}
	l.size = tree.Size
	if now := h.deps.Now(); l.state.Next >= l.size || now.Before(l.state.RetryAt) {
		return false
	}
	sent, err := h.send(ctx, l, tree)
	l.delivered, l.err = l.delivered+sent, err
	l.state = after(l.state, sent, l.size, err, h.deps.Now())
	if err := auditlog.SaveDelivery(ctx, l.db, l.tenant, l.state); err != nil {
		l.err = err
		return false
	}
	return l.err == nil && l.state.Next < l.size
}

// send publishes the next entries of a log in one call, and returns how many.
func (h *Handler) send(ctx context.Context, l *log, tree auditlog.Tree) (sent int, err error) {
	objects, err := h.storage.Get(ctx, func(ctx context.Context) (*storage.Client, error) {
		return bucket.NewClient(ctx, h.deps.Clients.Config)
	})
	if err != nil {
		return 0, err
	}
	old := auditlog.NewBundles(objects.Bucket(l.bucket), tree)
	entries, err := h.audit.ReadOld(ctx, l.db, l.tenant, old, l.state.Next, min(l.size, l.state.Next+maxBatch))
	if err != nil {
		return 0, err
	}
	var messages []*pubsubpb.PubsubMessage
	for size := 0; len(messages) < len(entries) && size < maxBatchBytes; {
		e := entries[len(messages)]
		message, err := newMessage(l.key, e)
		if err != nil {
			return 0, err
		}
		messages, size = append(messages, message), size+len(e.Leaf)
	}
	if err := h.publisher.publish(ctx, l.topic, messages); err != nil {
		return 0, err
	}
	return len(messages), nil
}

func newMessage(key string, e auditlog.Stored) (*pubsubpb.PubsubMessage, error) {
	entry, err := e.Entry()
	if err != nil {
		return nil, err
	}
	return &pubsubpb.PubsubMessage{
		Data:        e.Leaf,
		OrderingKey: key,
		Attributes:  map[string]string{"index": strconv.FormatInt(e.Index, 10), "id": entry.ID, "action": string(entry.Action)},
	}, nil
}

// after returns the state of a delivery after a batch of sent entries, or after the
// error of one.
func after(d auditlog.Delivery, sent int, size int64, err error, now time.Time) auditlog.Delivery {
	d.Next, d.Refused, d.RetryAt = d.Next+int64(sent), "", time.Time{}
	if sent > 0 {
		d.Delivered = now
	}
	if isRefusal(err) {
		d.Refused, d.RetryAt = status.Code(err).String(), now.Add(retryRefused)
	}
	switch {
	case d.Next >= size:
		d.BehindSince = time.Time{}
	case d.BehindSince.IsZero():
		d.BehindSince = now
	}
	return d
}

// isRefusal reports whether a topic does not take messages until its owner changes
// something. Every other error can pass.
func isRefusal(err error) bool {
	switch status.Code(err) {
	case codes.NotFound, codes.PermissionDenied, codes.FailedPrecondition, codes.InvalidArgument:
		return true
	}
	return false
}

// report adds what was delivered of a log to the result. If entries wait, it writes
// the line that the metric and the alert read.
func (l *log) report(ctx context.Context, now time.Time, result *Result) {
	result.Entries += l.delivered
	if l.delivered > 0 {
		result.Logs++
	}
	if l.err == nil && l.state.Next >= l.size {
		return
	}
	result.Behind++
	seconds := int64(0)
	if !l.state.BehindSince.IsZero() {
		seconds = int64(now.Sub(l.state.BehindSince) / time.Second)
	}
	api.Logger(ctx).WarnContext(ctx, "audit log not delivered", "tenant", l.tenant, "entries", l.size-l.state.Next,
		"seconds", seconds, "refused", l.state.Refused, "error", errorText(l.err))
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

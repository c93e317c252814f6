package replay

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/quarantine"
)

type listRequest struct {
	Function  string `query:"function" class:"operational" enum:"assistant-update,config-graph,custody,export-worker" doc:"Only messages that this function rejected"`
	PageSize  int    `query:"pageSize" class:"operational" minimum:"1" maximum:"200" default:"50"`
	PageToken string `query:"pageToken" class:"operational"`
}

type listResponse struct {
	Body struct {
		Records []recordBody `json:"records"`
		Next    string       `json:"nextPageToken,omitempty" class:"operational" doc:"pageToken of the next page; absent on the last page"`
	}
}

type recordBody struct {
	Function   string            `json:"function" class:"operational"`
	Message    string            `json:"message" class:"operational" doc:"Pub/Sub ID of the message"`
	Code       string            `json:"code" class:"operational" doc:"Reason code of the rejection"`
	References map[string]string `json:"references" class:"operational" doc:"Attributes of the message that are references"`
	Published  time.Time         `json:"published" class:"operational"`
	Found      time.Time         `json:"found" class:"operational" doc:"Time of the last rejection"`
}

// recordPosition is the position of the last record on a page.
type recordPosition struct {
	Found int64  `json:"f"` // microseconds since 1970
	ID    string `json:"i"`
}

// list returns the quarantined messages, oldest first. A message that is rejected while
// a client reads the pages appears on the last pages.
func (h *Handler) list(ctx context.Context, in *listRequest) (*listResponse, error) {
	if in.Function != "" {
		if _, err := sourceOf(in.Function, "query.function"); err != nil {
			return nil, err
		}
	}
	position, err := access.ParsePageToken[recordPosition](ctx, in.PageToken, in.Function)
	if err != nil {
		return nil, err
	}
	query := quarantine.Find(access.From(ctx).DB, quarantine.Filter{Function: in.Function})
	if position != (recordPosition{}) {
		query = query.StartAfter(time.UnixMicro(position.Found), position.ID)
	}
	docs, err := query.Limit(in.PageSize + 1).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	out := &listResponse{}
	out.Body.Records = []recordBody{}
	for _, doc := range docs[:min(len(docs), in.PageSize)] {
		r, err := quarantine.Decode(doc)
		if err != nil {
			return nil, err
		}
		out.Body.Records = append(out.Body.Records, recordBody{
			Function: r.Function, Message: r.Message, Code: r.Code, References: r.References, Published: r.Published, Found: r.Found,
		})
		position = recordPosition{r.Found.UnixMicro(), doc.Ref.ID}
	}
	if len(docs) > in.PageSize {
		out.Body.Next = access.PageToken(ctx, position, in.Function)
	}
	return out, nil
}

type replayQuarantineRequest struct {
	Body struct {
		Function string    `json:"function" class:"operational" maxLength:"63" doc:"The function that rejected the messages"`
		Code     string    `json:"code,omitempty" class:"operational" maxLength:"63" doc:"Only messages with this reason code"`
		Before   time.Time `json:"before,omitempty" class:"operational" doc:"Only messages rejected before this time; default and maximum: now"`
	}
}

// replayQuarantine sends the messages of the oldest records, and then marks the
// records, which takes them out of the quarantine.
func (h *Handler) replayQuarantine(ctx context.Context, in *replayQuarantineRequest) (*replayResponse, error) {
	function := in.Body.Function
	source, err := sourceOf(function, "body.function")
	if err != nil {
		return nil, err
	}
	if err := source.checkReplayable(function); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	out, db := h.newResponse(in.Body.Before), access.From(ctx).DB
	docs, err := quarantine.Find(db, quarantine.Filter{Function: function, Code: in.Body.Code, Before: out.Body.AsOf}).
		Limit(maxBatch + 1).Documents(ctx).GetAll()
	if err != nil || len(docs) == 0 {
		return out, err
	}
	out.Body.More = len(docs) > maxBatch
	docs = docs[:min(len(docs), maxBatch)]
	messages, refs, err := toMessages(docs)
	if err != nil {
		return nil, err
	}
	if err := h.send(ctx, auditlog.ReplayQuarantine, "quarantine/"+function, source.Replay, messages); err != nil {
		return nil, err
	}
	out.Body.Replayed = len(docs)
	return out, quarantine.MarkReplayed(ctx, db, refs, h.deps.Now())
}

// toMessages returns the message of each record, and the reference of the record.
func toMessages(docs []*firestore.DocumentSnapshot) (messages []*pubsubpb.PubsubMessage, refs []*firestore.DocumentRef, err error) {
	for _, doc := range docs {
		r, err := quarantine.Decode(doc)
		if err != nil {
			return nil, nil, err
		}
		if len(r.References) == 0 { // Pub/Sub rejects a request with an empty message
			r.References = map[string]string{"replayed": r.Message}
		}
		messages = append(messages, &pubsubpb.PubsubMessage{Attributes: r.References})
		refs = append(refs, doc.Ref)
	}
	return messages, refs, nil
}

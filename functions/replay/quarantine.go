package replay

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/quarantine"
)

type listRequest struct {
	Function  string `query:"function" class:"operational" maxLength:"63" doc:"Only what this function refused"`
	PageSize  int    `query:"pageSize" class:"operational" minimum:"1" maximum:"200" default:"50"`
	PageToken string `query:"pageToken" class:"operational" maxLength:"512"`
}

type listResponse struct {
	Body struct {
		Records []recordBody `json:"records"`
		Next    string       `json:"nextPageToken,omitempty" class:"operational" doc:"Ask with it for the next page; absent on the last"`
	}
}

type recordBody struct {
	Function   string            `json:"function" class:"operational"`
	Message    string            `json:"message" class:"operational" doc:"Pub/Sub's id of the message"`
	Code       string            `json:"code" class:"operational" doc:"Why it was refused"`
	References map[string]string `json:"references" class:"operational" doc:"Those of its attributes that name something"`
	Published  time.Time         `json:"published" class:"operational"`
	Found      time.Time         `json:"found" class:"operational" doc:"When it was refused, the last time"`
}

// recordPlace is the last record of a page.
type recordPlace struct {
	Found int64  `json:"f"` // microseconds since 1970
	ID    string `json:"i"`
}

// list gives what was refused for good, the oldest first. What is refused while
// somebody pages on comes on the last pages.
func (h *Handler) list(ctx context.Context, in *listRequest) (*listResponse, error) {
	if in.Function != "" {
		if _, err := known(in.Function, "query.function"); err != nil {
			return nil, err
		}
	}
	place, err := api.ParseToken[recordPlace](in.PageToken, in.Function)
	if err != nil {
		return nil, err
	}
	query := quarantine.Find(access.From(ctx).DB, quarantine.Filter{Function: in.Function})
	if place != (recordPlace{}) {
		query = query.StartAfter(time.UnixMicro(place.Found), place.ID)
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
		out.Body.Records = append(out.Body.Records, recordBody(r))
		place = recordPlace{r.Found.UnixMicro(), doc.Ref.ID}
	}
	if len(docs) > in.PageSize {
		out.Body.Next = api.Token(place, in.Function)
	}
	return out, nil
}

type replayQuarantineRequest struct {
	Body struct {
		Function string    `json:"function" class:"operational" maxLength:"63" doc:"The function that refused"`
		Code     string    `json:"code,omitempty" class:"operational" maxLength:"63" doc:"Only what was refused for this reason"`
		Before   time.Time `json:"before,omitempty" class:"operational" doc:"Only what was refused before; now, unless it is earlier"`
	}
}

// replayQuarantine sends the oldest records again, and then deletes them.
func (h *Handler) replayQuarantine(ctx context.Context, in *replayQuarantineRequest) (*replayResponse, error) {
	function := in.Body.Function
	source, err := known(function, "body.function")
	if err != nil {
		return nil, err
	}
	if err := source.checkKept(function); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, db := h.begin(in.Body.Before), access.From(ctx).DB
	docs, err := quarantine.Find(db, quarantine.Filter{Function: function, Code: in.Body.Code, Before: out.Body.AsOf}).
		Limit(maxBatch + 1).Documents(ctx).GetAll()
	if err != nil || len(docs) == 0 {
		return out, err
	}
	out.Body.More = len(docs) > maxBatch
	docs = docs[:min(len(docs), maxBatch)]
	messages, refs, err := again(docs)
	if err != nil {
		return nil, err
	}
	if err := h.send(ctx, auditlog.ReplayQuarantine, "quarantine/"+function, source.Topic, messages); err != nil {
		return nil, err
	}
	out.Body.Replayed = len(docs)
	return out, gcp.Delete(ctx, db, refs)
}

// again makes messages of records.
func again(docs []*firestore.DocumentSnapshot) (messages []*pubsubpb.PubsubMessage, refs []*firestore.DocumentRef, err error) {
	for _, doc := range docs {
		r, err := quarantine.Decode(doc)
		if err != nil {
			return nil, nil, err
		}
		if len(r.References) == 0 { // Pub/Sub refuses a message that says nothing, and all that are sent with it
			r.References = map[string]string{"replayed": r.Message}
		}
		messages = append(messages, &pubsubpb.PubsubMessage{Attributes: r.References})
		refs = append(refs, doc.Ref)
	}
	return messages, refs, nil
}

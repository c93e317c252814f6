package assistants

import (
	"context"
	"fmt"
	"net/http"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// assistantPath is the path of an assistant: PUT sets it, GET asks it.
const assistantPath = workspacePath + "/assistants/{assistant}"

// accessLevel is what the tasks that an assistant suggests may do. A task declares it
// with a tag: "access:read-only" or "access:read-write". A task without such a tag may
// do anything: public collections have tasks that kill pods and have no such tag.
type accessLevel string

// The access levels.
const (
	readOnlyAccess  accessLevel = "read-only"  // only tasks that are tagged as read-only
	readWriteAccess accessLevel = "read-write" // any task
)

// AssistantBody is an assistant in the API. Its name is exported because the
// OpenAPI document omits the fields of embedded types that are not.
type AssistantBody struct {
	Name        string   `json:"name" class:"text" minLength:"1" maxLength:"200" doc:"Display name"`
	Relevance   *float64 `json:"relevance,omitempty" class:"configuration" minimum:"0" maximum:"1" default:"0.85" doc:"Lowest score of a task that is suggested"`
	AccessLevel string   `json:"accessLevel,omitempty" class:"configuration" enum:"read-only,read-write" default:"read-only" doc:"read-only: suggest only tasks that are tagged access:read-only"`
}

type setAssistantRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Assistant string `path:"assistant" class:"operational"`
	Body      AssistantBody
}

type setAssistantResponse struct {
	Body struct {
		ID string `json:"id" class:"operational"`
		AssistantBody
	}
}

var assistantID = lazyregexp.New(`^[a-z0-9-]{1,63}$`)

func assistantRef(s access.Session, id string) (*firestore.DocumentRef, error) {
	if !assistantID.MatchString(id) {
		return nil, api.Refuse(http.StatusBadRequest, "an assistant ID has 1 to 63 characters from a-z, 0-9 and hyphen")
	}
	return records.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection(records.AssistantsCollection).Doc(id), nil
}

// setAssistant writes an assistant and the audit entry, in one commit.
func (h *Handler) setAssistant(ctx context.Context, in *setAssistantRequest) (*setAssistantResponse, error) {
	s := access.From(ctx)
	if run.CanonicalName(in.Body.Name) == "" {
		return nil, api.Refuse(http.StatusUnprocessableEntity, "invalid name",
			api.Fault{Message: "the name must have visible characters", Location: "body.name"})
	}
	ref, err := assistantRef(s, in.Assistant)
	if err != nil {
		return nil, err
	}
	tenant, err := h.keys.Of(ctx, s.Tenant, s.DB)
	if err != nil {
		return nil, err
	}
	name, err := records.CryptFunc(tenant.Seal).Apply(ctx, ref, []byte(in.Body.Name))
	if err != nil {
		return nil, openError(err)
	}
	prepared, err := h.guard.Audit.Prepare(ctx, s.DB, auditEntry(s, auditlog.SetAssistant, "assistants/"+ref.ID))
	if err != nil {
		return nil, err
	}
	set := records.Assistant{Name: name, Relevance: *in.Body.Relevance, Access: in.Body.AccessLevel}
	same := func(was records.Assistant) bool {
		if was.Relevance != set.Relevance || was.Access != set.Access {
			return false
		}
		text, err := records.CryptFunc(tenant.Open).Apply(ctx, ref, was.Name)
		return err == nil && string(text) == in.Body.Name
	}
	if err := h.commitAssistant(ctx, s, ref, set, same, prepared); err != nil {
		return nil, err
	}
	out := &setAssistantResponse{}
	out.Body.ID, out.Body.AssistantBody = ref.ID, in.Body
	return out, nil
}

// commitAssistant writes nothing if the stored assistant is the same.
func (h *Handler) commitAssistant(ctx context.Context, s access.Session, ref *firestore.DocumentRef, r records.Assistant, same func(records.Assistant) bool, entry auditlog.Prepared) error {
	if err := h.checkWorkspace(ctx, s); err != nil {
		return err
	}
	return entry.Commit(ctx, s.DB, func(tx *firestore.Transaction) (acts bool, err error) {
		docs, err := tx.GetAll(refs(ref))
		if err != nil {
			return false, fmt.Errorf("read assistant: %w", err)
		}
		var was records.Assistant
		if err := docs[0].DataTo(&was); docs[0].Exists() && err == nil && same(was) {
			return false, nil
		}
		if err := tx.Set(ref, r); err != nil {
			return false, fmt.Errorf("write assistant: %w", err)
		}
		return true, nil
	})
}

// readAssistant reads an assistant and opens its name.
func (h *Handler) readAssistant(ctx context.Context, s access.Session, ref *firestore.DocumentRef) (AssistantBody, error) {
	docs, err := s.DB.GetAll(ctx, refs(ref))
	if err != nil {
		return AssistantBody{}, fmt.Errorf("read assistant: %w", err)
	}
	return h.openAssistant(ctx, s, docs[0])
}

// openAssistant opens the name of an assistant in its document.
func (h *Handler) openAssistant(ctx context.Context, s access.Session, doc *firestore.DocumentSnapshot) (AssistantBody, error) {
	if !doc.Exists() {
		return AssistantBody{}, api.Refuse(http.StatusNotFound, "the workspace has no such assistant; an admin can create it with PUT")
	}
	var r records.Assistant
	if err := doc.DataTo(&r); err != nil {
		return AssistantBody{}, fmt.Errorf("read assistant: %w", err)
	}
	tenant, err := h.keys.Of(ctx, s.Tenant, s.DB)
	if err != nil {
		return AssistantBody{}, err
	}
	name, err := records.CryptFunc(tenant.Open).Apply(ctx, doc.Ref, r.Name)
	if err != nil {
		return AssistantBody{}, openError(err)
	}
	return AssistantBody{string(name), &r.Relevance, string(r.Access)}, nil
}

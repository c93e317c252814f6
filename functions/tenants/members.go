package tenants

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// maxMembers is how many members a workspace can have until the API adds no more. Requests at
// the same time can exceed it by as many as there are.
const maxMembers = 1000

// The owners of what the directory has.
const (
	ownerTerraform = "terraform"
	ownerAPI       = directory.OwnerAPI
)

// WorkspaceBody is a workspace of the tenant.
type WorkspaceBody struct {
	ID    string `json:"id" class:"operational"`
	Owner string `json:"owner" class:"operational" enum:"terraform" doc:"Who adds and removes it"`
}

// MemberBody is a user who may read a workspace, if the user has the role viewer by a rule.
type MemberBody struct {
	ID      string     `json:"id" class:"operational" doc:"SHA-256 of the issuer, a zero byte and the subject"`
	Issuer  string     `json:"issuer,omitempty" class:"configuration" doc:"Absent: an older version of the Terraform module wrote the member; apply the current one"`
	Subject string     `json:"subject" class:"configuration"`
	Owner   string     `json:"owner" class:"operational" enum:"terraform,api" doc:"Who can remove it"`
	Added   *time.Time `json:"added,omitempty" class:"operational" doc:"When the API added it"`
	Entry   string     `json:"entry,omitempty" class:"operational" doc:"Entry of the audit log that is from before the addition"`
}

func (h *Handler) registerMembers(a *api.API) {
	api.Register(a, h.operation("listWorkspaces", http.MethodGet, workspacesPath, "List the workspaces of the tenant", auditlog.ReadMembers), h.listWorkspaces)
	api.Register(a, h.operation("listMembers", http.MethodGet, membersPath, "List the members of a workspace", auditlog.ReadMembers, 404), h.listMembers)
	api.Register(a, h.operation("addMember", http.MethodPost, membersPath, "Let a user read a workspace", auditlog.AddMember, 404, 409), h.addMember)
	api.Register(a, h.operation("getMember", http.MethodGet, memberPath, "Show a member of a workspace", auditlog.ReadMembers, 404), h.getMember)
	api.Register(a, h.operation("removeMember", http.MethodDelete, memberPath, "End a user's membership of a workspace", auditlog.RemoveMember, 404, 409), h.removeMember)
}

// PageRequest asks for a page of a list.
type PageRequest struct {
	PageSize  int    `query:"pageSize" class:"operational" minimum:"1" maximum:"200" default:"50"`
	PageToken string `query:"pageToken" class:"operational" doc:"nextPageToken of the previous page"`
}

// page returns the next page of a collection, in the order of IDs, and the token of the page
// after it.
func (in PageRequest) page(ctx context.Context, all *firestore.CollectionRef, name string) (docs []*firestore.DocumentSnapshot, next string, err error) {
	after, err := access.ParsePageToken[string](ctx, in.PageToken, name)
	if err != nil {
		return nil, "", err
	}
	query := all.OrderBy(firestore.DocumentID, firestore.Asc)
	if after != "" {
		query = query.StartAfter(after)
	}
	docs, err = query.Limit(in.PageSize + 1).Documents(ctx).GetAll()
	if err != nil {
		return nil, "", fmt.Errorf("list %s: %w", name, err)
	}
	if len(docs) > in.PageSize {
		docs = docs[:in.PageSize]
		next = access.PageToken(ctx, docs[len(docs)-1].Ref.ID, name)
	}
	return docs, next, nil
}

type workspacesResponse struct {
	Body struct {
		Workspaces []WorkspaceBody `json:"workspaces"`
		Next       string          `json:"nextPageToken,omitempty" class:"operational" doc:"Absent on the last page"`
	}
}

func (h *Handler) listWorkspaces(ctx context.Context, in *PageRequest) (*workspacesResponse, error) {
	db, err := h.guard.Directory.Client(ctx)
	if err != nil {
		return nil, err
	}
	out := &workspacesResponse{}
	docs, next, err := in.page(ctx, directory.Workspace(db, access.From(ctx).Tenant.ID, "any").Parent, "workspaces")
	if err != nil {
		return nil, err
	}
	out.Body.Workspaces, out.Body.Next = []WorkspaceBody{}, next
	for _, doc := range docs {
		out.Body.Workspaces = append(out.Body.Workspaces, WorkspaceBody{ID: doc.Ref.ID, Owner: ownerTerraform})
	}
	return out, nil
}

// WorkspacePath names a workspace of the tenant.
type WorkspacePath struct {
	Workspace string `path:"workspace" class:"operational"`
}

// MemberPath names a member of a workspace.
type MemberPath struct {
	WorkspacePath
	Member string `path:"member" class:"operational"`
}

// memberList has the members of one workspace.
type memberList struct {
	db  *firestore.Client // the directory
	all *firestore.CollectionRef
}

// membersOf returns the members of the session's workspace, or a problem if the tenant does
// not have it.
func (h *Handler) membersOf(ctx context.Context) (*memberList, error) {
	s := access.From(ctx)
	db, err := h.guard.Directory.Client(ctx)
	if err != nil {
		return nil, err
	}
	exists, err := h.guard.Directory.HasWorkspace(ctx, s.Tenant.ID, s.Workspace)
	if err != nil {
		return nil, err
	}
	if !exists {
		return nil, api.Refuse(http.StatusNotFound, "the tenant has no such workspace; add it in Terraform, in \"workspaces\" of the tenant, and apply")
	}
	return &memberList{db: db, all: directory.Members(db, s.Tenant.ID, s.Workspace)}, nil
}

type membersRequest struct {
	WorkspacePath
	PageRequest
}

type membersResponse struct {
	Body struct {
		Members []MemberBody `json:"members"`
		Next    string       `json:"nextPageToken,omitempty" class:"operational" doc:"Absent on the last page"`
	}
}

func (h *Handler) listMembers(ctx context.Context, in *membersRequest) (*membersResponse, error) {
	list, err := h.membersOf(ctx)
	if err != nil {
		return nil, err
	}
	docs, next, err := in.page(ctx, list.all, "members")
	if err != nil {
		return nil, err
	}
	out := &membersResponse{}
	out.Body.Members, out.Body.Next = []MemberBody{}, next
	for _, doc := range docs {
		m, err := directory.DecodeMembership(doc)
		if err != nil {
			return nil, err
		}
		out.Body.Members = append(out.Body.Members, showMember(doc.Ref.ID, m))
	}
	return out, nil
}

type memberResponse struct{ Body MemberBody }

func (h *Handler) getMember(ctx context.Context, in *MemberPath) (*memberResponse, error) {
	_, ref, err := h.findMember(ctx, in)
	if err != nil {
		return nil, err
	}
	m, err := decodeMember(ref.Get(ctx))
	return &memberResponse{showMember(ref.ID, m)}, noMember(err)
}

var memberName = lazyregexp.New(`^[0-9a-f]{64}$`)

// findMember returns the reference of the member that a path names. It does not read it.
func (h *Handler) findMember(ctx context.Context, in *MemberPath) (*memberList, *firestore.DocumentRef, error) {
	if !memberName.MatchString(in.Member) {
		return nil, nil, api.Refuse(http.StatusBadRequest, "the ID of a member has 64 of 0-9 and a-f; the list of members has the IDs")
	}
	list, err := h.membersOf(ctx)
	if err != nil {
		return nil, nil, err
	}
	return list, list.all.Doc(in.Member), nil
}

var errNoMember = errors.New("no such member")

// decodeMember returns the member that was read.
func decodeMember(doc *firestore.DocumentSnapshot, err error) (directory.Membership, error) {
	if status.Code(err) == codes.NotFound {
		return directory.Membership{}, errNoMember
	}
	if err != nil {
		return directory.Membership{}, fmt.Errorf("read member: %w", err)
	}
	return directory.DecodeMembership(doc)
}

func noMember(err error) error {
	if errors.Is(err, errNoMember) {
		return api.Refuse(http.StatusNotFound, "the workspace has no such member")
	}
	return err
}

func showMember(id string, m directory.Membership) MemberBody {
	body := MemberBody{ID: id, Issuer: m.Issuer, Subject: m.Subject, Owner: ownerTerraform}
	if m.Owner == ownerAPI {
		body.Owner, body.Added, body.Entry = ownerAPI, &m.Added, m.Entry
	}
	return body
}

// removeMember ends a membership that the API has added. It takes effect with the next
// request of the user.
func (h *Handler) removeMember(ctx context.Context, in *MemberPath) (*memberResponse, error) {
	list, ref, err := h.findMember(ctx, in)
	if err != nil {
		return nil, err
	}
	m, err := removable(decodeMember(ref.Get(ctx)))
	if err != nil {
		return nil, err
	}
	if _, err := h.guard.Audit.Append(ctx, access.From(ctx).DB, memberEntry(ctx, auditlog.RemoveMember, m)); err != nil {
		return nil, err
	}
	err = gcp.Transact(ctx, list.db, func(_ context.Context, tx *firestore.Transaction) error {
		if _, err := removable(decodeMember(tx.Get(ref))); err != nil {
			return err
		}
		return tx.Delete(ref)
	})
	return &memberResponse{showMember(ref.ID, m)}, err
}

// removable rejects the removal of a member of Terraform: the next apply would add it again.
func removable(m directory.Membership, err error) (directory.Membership, error) {
	if err == nil && m.Owner != ownerAPI {
		err = api.Refuse(http.StatusConflict, api.TerraformMemberText)
	}
	return m, noMember(err)
}

// memberEntry returns an entry of the audit log about a member.
func memberEntry(ctx context.Context, action auditlog.Action, m directory.Membership) auditlog.Entry {
	s := access.From(ctx)
	return auditlog.Entry{
		Tenant: s.Tenant.ID, Actor: auditlog.By(s.Principal), Action: action, Outcome: auditlog.Allowed, Workspace: s.Workspace,
		Resource: "members/" + directory.MemberID(m.Issuer, m.Subject), Objects: []string{"issuer/" + m.Issuer, "subject/" + m.Subject},
	}
}

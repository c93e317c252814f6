package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// ListQuery is the query of a list of entries.
type ListQuery struct {
	Order     string `query:"order" class:"operational" enum:"newest,oldest" default:"newest" doc:"Which entry is first, by index"`
	Limit     int    `query:"limit" class:"operational" minimum:"1" maximum:"1000" default:"100" doc:"Maximum number of entries on a page; a page can have fewer, and still have a next page"`
	PageToken string `query:"pageToken" class:"operational" doc:"nextPageToken of the previous page"`
	After     int64  `query:"after" class:"operational" minimum:"-1" default:"-1" doc:"Only entries with a larger index; -1: all"`

	From     time.Time `query:"from" class:"operational" doc:"Only entries of this time or later (RFC 3339)"`
	To       time.Time `query:"to" class:"operational" doc:"Only entries before this time (RFC 3339)"`
	Actor    string    `query:"actor" class:"operational" example:"5bfd0b8a2b9f0b1c9f0d6c2a7e1b4d3f" doc:"actorId of who performed the action"`
	Action   string    `query:"action" class:"operational" example:"runs.start"`
	Outcome  string    `query:"outcome" class:"operational" enum:"allowed,denied,done"`
	Resource string    `query:"resource" class:"operational" example:"runs/0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10" doc:"Exact path of what the action affects"`
	Run      string    `query:"run" class:"operational" example:"0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10" doc:"ID of a run: entries about it, its outputs and its issues"`
}

// The forms of the filters, as package api describes them.
var (
	actorForm    = lazyregexp.New(`^[0-9a-f]{32}$`)
	actionForm   = lazyregexp.New(`^[a-z]+(\.[a-z]+){1,3}$`)
	prefixForm   = lazyregexp.New(`^[0-9a-f-]{1,36}$`)
	resourceForm = lazyregexp.New(`^(catalog|(quarantine|dead-letters|` + strings.Join(access.Collections(), "|") + `)/[A-Za-z0-9._~/-]{1,500})$`)
)

// filterCheck is a filter of a query. An empty value filters nothing.
type filterCheck struct {
	name, value string
	want        string // what a valid value is
	valid       bool
}

// check returns the problem of a filter that no entry can match.
func (q ListQuery) check(workspace tenant.WorkspaceID) error {
	_, workspaceErr := tenant.ParseWorkspaceID(string(workspace))
	_, runErr := run.ParseID(q.Run)
	for _, filter := range []filterCheck{
		{name: "actor", value: q.Actor, want: "the actorId of an entry: 32 hexadecimal digits", valid: actorForm.MatchString(q.Actor)},
		{name: "action", value: q.Action, want: "an action, such as runs.start", valid: actionForm.MatchString(q.Action)},
		{name: "resource", value: q.Resource, want: "a path of IDs, such as runs/ID", valid: resourceForm.MatchString(q.Resource)},
		{name: "run", value: q.Run, want: "the ID of a run", valid: runErr == nil},
		{name: "workspace", value: string(workspace), want: "the ID of a workspace", valid: workspaceErr == nil},
	} {
		if filter.value != "" && !filter.valid {
			return api.Refuse(http.StatusUnprocessableEntity, filter.name+" is not valid; correct it",
				api.Fault{Message: "expected " + filter.want, Location: "query." + filter.name})
		}
	}
	if q.Run != "" && q.Resource != "" && !strings.HasPrefix(q.Resource+"/", "runs/"+q.Run+"/") {
		return api.Contradiction("resource is not a part of run; leave out one of them", "query.run")
	}
	return api.CheckRange("query", q.From, q.To)
}

type listRequest struct {
	ListQuery
	Workspace string `query:"workspace" class:"operational" example:"prod" doc:"ID of the workspace of the action"`
	IDPrefix  string `query:"idPrefix" class:"operational" example:"0198c2b4" doc:"Only entries whose ID starts with this, sorted by ID, also those without an index, and none whose document has expired; without other filters, and the first page only"`
}

// checkPrefix rejects a prefix that no ID has, and filters next to it.
func (in listRequest) checkPrefix() error {
	if !prefixForm.MatchString(in.IDPrefix) {
		return api.Refuse(http.StatusUnprocessableEntity, "idPrefix is not valid; correct it",
			api.Fault{Message: "expected the start of the ID of an entry", Location: "query.idPrefix"})
	}
	if in.Workspace != "" || in.ListQuery != (ListQuery{Order: in.Order, Limit: in.Limit, After: -1}) {
		return api.Contradiction("idPrefix allows no other filter and no page token; remove them", "query.idPrefix")
	}
	return nil
}

type listWorkspaceRequest struct {
	ListQuery
	Workspace string `path:"workspace" class:"operational"`
}

type listResponse struct {
	Body struct {
		Entries       []entryBody `json:"entries" doc:"In the order of their indexes"`
		NextPageToken string      `json:"nextPageToken,omitempty" class:"operational" doc:"Absent on the last page"`
		Size          int64       `json:"size" class:"operational" doc:"Number of entries of the published log. Entries with this index or a larger one are listed, and cannot be proved yet"`
	}
}

// entryBody is an entry and its index in the log.
type entryBody struct {
	Index   *int64          `json:"index,omitempty" class:"operational" doc:"Index in the log; absent while the entry has none yet"`
	ActorID string          `json:"actorId" class:"operational" doc:"ID of the entry's actor, for the filter actor: a hash of its issuer and subject"`
	Entry   json.RawMessage `json:"entry" class:"audit" doc:"The entry, as the log has it: its canonical form (RFC 8785) is the leaf of the Merkle tree"`
}

func showEntry(s auditlog.Stored) (entryBody, error) {
	entry, err := s.Entry()
	if err != nil {
		return entryBody{}, err
	}
	b := entryBody{ActorID: auditlog.ActorKey(entry.Actor), Entry: s.Leaf}
	if s.Index >= 0 {
		b.Index = &s.Index
	}
	return b, nil
}

func (h *Handler) list(ctx context.Context, in *listRequest) (*listResponse, error) {
	if in.IDPrefix != "" {
		return h.listPrefix(ctx, in)
	}
	return h.listEntries(ctx, in.ListQuery, tenant.WorkspaceID(in.Workspace))
}

func (h *Handler) listPrefix(ctx context.Context, in *listRequest) (*listResponse, error) {
	if err := in.checkPrefix(); err != nil {
		return nil, err
	}
	tree, err := h.tree(ctx)
	if err != nil {
		return nil, err
	}
	if err := h.recordEntriesRead(ctx); err != nil {
		return nil, err
	}
	if err := api.Reserve(ctx, listMemory); err != nil {
		return nil, err
	}
	session := access.From(ctx)
	found, err := h.reader.ListPrefix(ctx, session.DB, session.Tenant.ID, in.IDPrefix, in.Limit)
	if err != nil {
		return nil, err
	}
	return showEntries(found, tree.Size)
}

func (h *Handler) listWorkspace(ctx context.Context, in *listWorkspaceRequest) (*listResponse, error) {
	return h.listEntries(ctx, in.ListQuery, access.From(ctx).Workspace)
}

func (h *Handler) listEntries(ctx context.Context, q ListQuery, workspace tenant.WorkspaceID) (*listResponse, error) {
	if err := q.check(workspace); err != nil {
		return nil, err
	}
	session, key := access.From(ctx), q.key(workspace)
	cursor, err := access.ParsePageToken[listPosition](ctx, q.PageToken, key)
	if err != nil {
		return nil, err
	}
	tree, err := h.tree(ctx)
	if err != nil {
		return nil, err
	}
	if q.After >= tree.Assigned {
		return nil, beyondLog(tree.Assigned)
	}
	if err := h.recordEntriesRead(ctx); err != nil {
		return nil, err
	}
	old, err := h.reserve(ctx, tree, listMemory)
	if err != nil {
		return nil, err
	}
	all := auditlog.Range{Begin: q.After + 1, End: tree.Assigned, Newest: q.Order == "newest"}
	found, err := h.reader.List(ctx, session.DB, session.Tenant.ID, old, q.filter(workspace), all, cursor.after(), q.Limit)
	if err != nil {
		return nil, bundleError(ctx, err)
	}
	out, err := showEntries(found.Entries, tree.Size)
	if err == nil && found.More {
		out.Body.NextPageToken = access.PageToken(ctx, listPosition{&found.Last}, key)
	}
	return out, err
}

// showEntries returns the response with entries of a log of this size.
func showEntries(found []auditlog.Stored, size int64) (*listResponse, error) {
	out := &listResponse{}
	out.Body.Entries, out.Body.Size = []entryBody{}, size
	for _, s := range found {
		entry, err := showEntry(s)
		if err != nil {
			return nil, err
		}
		out.Body.Entries = append(out.Body.Entries, entry)
	}
	return out, nil
}

// listPosition is the index where a page ended. The zero listPosition is the
// beginning of the list.
type listPosition struct {
	Index *int64 `json:"i"`
}

func (p listPosition) after() int64 {
	if p.Index == nil {
		return -1
	}
	return *p.Index
}

// key identifies the query that a page token is valid for: everything but the
// number of entries on a page.
func (q ListQuery) key(workspace tenant.WorkspaceID) string {
	return fmt.Sprintf("audit %q %+q", workspace, []string{
		q.Order, fmt.Sprint(q.After), q.From.UTC().String(), q.To.UTC().String(), q.Actor, q.Action, q.Outcome, q.Resource, q.Run,
	})
}

// beyondLog is the problem of an index that the log does not have yet.
func beyondLog(assigned int64) error {
	return api.Refuse(http.StatusBadRequest, "after is an index beyond the end of the log", api.Fault{
		Message: fmt.Sprintf("expected an index below %d", assigned), Location: "query.after",
	})
}

func (q ListQuery) filter(workspace tenant.WorkspaceID) auditlog.Filter {
	return auditlog.Filter{
		From: q.From, To: q.To, ActorKey: q.Actor, Action: auditlog.Action(q.Action), Outcome: auditlog.Outcome(q.Outcome),
		Workspace: workspace, Resource: q.Resource, Run: q.Run,
	}
}

package outputs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/outputname"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// viewLifetime is how long a view serves requests.
const viewLifetime = 2 * time.Hour

// viewToken is what the token of a view says. It is authenticated, and valid only for
// the reader, run and output that it was made for.
type viewToken struct {
	ID            string         `json:"i"`
	Entry         string         `json:"e"` // audit entry that opened the view
	Expires       int64          `json:"x"` // Unix seconds
	State         state          `json:"s"`
	Size          int64          `json:"n"`
	Bucket        string         `json:"b,omitempty"` // as the run has it
	Documents     []viewDocument `json:"k"`           // of the packed index
	LinesDiffer   bool           `json:"d,omitempty"`
	LinesVerified bool           `json:"v,omitempty"`
}

// viewDocument is what a view can read of one document of the packed index.
type viewDocument struct {
	Offset int64  `json:"o"` // of its first byte, within the output
	Parts  int    `json:"p"` // number of its first parts
	Sum    uint32 `json:"c"` // of these parts, see sumOf
}

// viewKey identifies what a token is valid for, in the session's tenant and workspace.
func viewKey(s access.Session, rawRun, output string) string {
	return fmt.Sprintf("view %q %q %q %q", s.Principal.Issuer, s.Principal.Subject, rawRun, output)
}

type openViewRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Run       string `path:"run" class:"operational"`
	Output    string `path:"output" class:"operational"`
	Body      struct {
		View string `json:"view,omitempty" class:"operational" maxLength:"4096" doc:"Token of a view of this output that has not ended. Its index is renewed, and it keeps its time; the audit log gets no new entry"`
	}
}

type openViewResponse struct {
	Body struct {
		View          string    `json:"view" class:"operational" doc:"Token: send it in the header Strongroom-View when you read the output"`
		Expires       time.Time `json:"expires" class:"operational" doc:"The view serves nothing from this time"`
		State         state     `json:"state" class:"operational" enum:"open,complete,incomplete,unclaimed"`
		Size          int64     `json:"size" class:"operational" doc:"Bytes that the view can read"`
		Lines         *int64    `json:"lines,omitempty" class:"operational" doc:"Newline bytes; absent if some part is neither counted nor declared"`
		LinesVerified bool      `json:"linesVerified" class:"operational" doc:"The platform counted the lines of every part"`
		LinesDiffer   bool      `json:"linesDiffer,omitempty" class:"operational" doc:"The runner declared other numbers of lines than the platform counted"`
		PartSizes     []int64   `json:"partSizes" class:"operational" doc:"Size of each part, in order"`
		PartLines     []int64   `json:"partLines" class:"operational" doc:"Newline bytes that the platform counted in each part; -1: not counted yet"`
	}
}

// openView writes the audit entry of a view, and returns its token and the index.
func (h *Handler) openView(ctx context.Context, in *openViewRequest) (*openViewResponse, error) {
	session := access.From(ctx)
	if err := outputname.Check(in.Output); err != nil {
		return nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	r, err := session.FindRun(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	old, err := h.parseView(ctx, in.Body.View, in.Run, in.Output)
	if err != nil {
		return nil, err
	}
	v := &view{handler: h, session: session, run: r, index: newIndex(r, in.Output)}
	v.bucket, err = h.bucket(ctx, session, r.Bucket)
	if err != nil {
		return nil, err
	}
	if old.ID != "" {
		h.noteFollower(ctx, session, r)
	}
	docs, err := v.loadIndex(ctx, *in, old)
	if err != nil {
		return nil, err
	}
	t := v.token(old)
	if old.ID == "" {
		if err := v.create(ctx, &t); err != nil {
			return nil, err
		}
	}
	if err := v.storePacked(ctx, docs); err != nil {
		return nil, err
	}
	return v.opened(ctx, t, viewKey(session, in.Run, in.Output)), nil
}

// loadIndex reads the final packed index. If none exists, it reads the grants, and
// returns the documents to store.
func (v *view) loadIndex(ctx context.Context, in openViewRequest, old viewToken) ([]packedIndex, error) {
	if len(old.Documents) > 0 && !v.run.Sealed() {
		return v.loadGrown(ctx, old)
	}
	if v.run.GrantsFinal {
		docs, err := v.readFinal(ctx)
		if err != nil || len(docs) > 0 {
			return nil, errors.Join(err, v.addPacked(docs))
		}
	}
	full, err := v.handler.find(ctx, v.session, knownRun(v.session, v.run), readRequest{Output: in.Output}, records.GrantFilter{Output: in.Output})
	if err != nil {
		return nil, err
	}
	v.index = full.index
	return v.index.pack(full.isFinal()), nil
}

// loadGrown reads what an old view has, and only the grants of the parts after it, so that
// following an output costs as much as it grows. It returns the documents to store.
func (v *view) loadGrown(ctx context.Context, old viewToken) ([]packedIndex, error) {
	v.index.under = &old
	err := v.loadUnder(ctx, 0, len(old.Documents)-1)
	v.index.under = nil
	if err != nil {
		return nil, err
	}
	known := len(v.index.parts)
	s, filter := v.session, records.GrantFilter{Output: v.index.name, AfterPart: known}
	err = records.GrantsOfRun(ctx, s.DB, s.Tenant.ID, s.Workspace, v.run.ID, filter, func(g grant.Grant) error {
		return v.addGrant(ctx, g)
	})
	if err != nil || len(v.index.parts) == known {
		return nil, err
	}
	return v.index.pack(false), nil
}

// readFinal returns the documents of the final packed index. It returns nothing if none
// exists, or if it has fewer parts than the run claims: a late part may have arrived since.
func (v *view) readFinal(ctx context.Context) ([]packedIndex, error) {
	docs, err := v.readPacked(ctx, 0, 0)
	if err != nil || !docs[0].Final || !v.index.claims || docs[0].Total < v.index.claimed {
		return nil, err
	}
	v.index.contentType = docs[0].ContentType
	last := (docs[0].Total - 1) / packedParts
	if last <= 0 {
		return docs, nil
	}
	more, err := v.readPacked(ctx, 1, min(last, maxPacked-1))
	return append(docs, more...), err
}

// token returns the token of the view's index. It continues an old view, if there is
// one.
func (v *view) token(old viewToken) viewToken {
	lines := v.index.lines()
	t := viewToken{
		ID: old.ID, Entry: old.Entry, Expires: old.Expires, State: v.index.state(v.run),
		Size: v.index.size(), Bucket: v.run.Bucket, LinesDiffer: lines.differs, LinesVerified: lines.verified,
	}
	for parts := range slices.Chunk(v.index.parts, packedParts) {
		t.Documents = append(t.Documents, viewDocument{Offset: parts[0].offset, Parts: len(parts), Sum: sumOf(parts)})
	}
	return t
}

// create records a new view: first in the audit log, then as a document.
func (v *view) create(ctx context.Context, t *viewToken) (err error) {
	if err := v.record(ctx); err != nil {
		return err
	}
	id, err := auditlog.NewID()
	if err != nil {
		return err
	}
	expires := v.handler.deps.Now().Add(viewLifetime).Truncate(time.Second)
	t.ID, t.Entry, t.Expires = id, v.entry, expires.Unix()
	by := auditlog.By(v.session.Principal)
	document := records.NewView(by, v.run.ID, v.index.name, v.entry, expires)
	if _, err := records.ViewRef(v.session.DB, v.session.Tenant.ID, v.session.Workspace, id).Create(ctx, document); err != nil {
		return fmt.Errorf("create view: %w", err)
	}
	return nil
}

func (v *view) opened(ctx context.Context, t viewToken, key string) *openViewResponse {
	out, lines := &openViewResponse{}, v.index.lines()
	b := &out.Body
	b.View, b.Expires = access.PageToken(ctx, t, key), time.Unix(t.Expires, 0).UTC()
	b.State, b.Size, b.LinesVerified, b.LinesDiffer = t.State, t.Size, lines.verified, lines.differs
	if lines.known {
		b.Lines = &lines.n
	}
	b.PartSizes, b.PartLines = make([]int64, 0, len(v.index.parts)), make([]int64, 0, len(v.index.parts))
	for _, p := range v.index.parts {
		b.PartSizes, b.PartLines = append(b.PartSizes, p.size), append(b.PartLines, p.lines)
	}
	return out
}

var errView = api.Refuse(http.StatusBadRequest, "this view token is not valid for you and this output; open a new view")

// parseView returns what a token says. For an empty text it returns the zero token.
func (h *Handler) parseView(ctx context.Context, text, rawRun, output string) (viewToken, error) {
	t, err := access.ParsePageToken[viewToken](ctx, text, viewKey(access.From(ctx), rawRun, output))
	if err != nil {
		return t, errView
	}
	if text != "" && h.deps.Now().Unix() >= t.Expires {
		return t, api.Refuse(http.StatusGone, api.ViewEndedText)
	}
	return t, nil
}

// under returns the view that a token names, with the index of what is selected. It
// returns nil if the text is empty. It does not read the run, because the token is proof
// that it exists.
func (h *Handler) under(ctx context.Context, text, rawRun, output string, selected selection) (*view, error) {
	id, err := run.ParseID(rawRun)
	if err != nil {
		return nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	t, err := h.parseView(ctx, text, rawRun, output)
	if err != nil || t.ID == "" {
		return nil, err
	}
	v := &view{handler: h, session: access.From(ctx), run: run.Run{ID: id}, index: index{name: output, under: &t}, entry: t.Entry}
	if v.bucket, err = h.bucket(ctx, v.session, t.Bucket); err != nil {
		return nil, err
	}
	if len(t.Documents) == 0 {
		return v, nil
	}
	first, last := t.documentsOf(selected)
	return v, v.loadUnder(ctx, first, last)
}

// documentsOf returns the first and the last document of the packed index that the
// selection needs. Lines need all of them, which are 10 at most.
func (t viewToken) documentsOf(selected selection) (first, last int) {
	last = len(t.Documents) - 1
	if selected.bytes == nil {
		return 0, last
	}
	s, ok := selected.bytes.resolve(t.Size)
	if !ok {
		return 0, 0
	}
	s.to = min(s.to, s.from+maxResponse)
	for n, doc := range t.Documents {
		if doc.Offset <= s.from {
			first = n
		}
		if doc.Offset < s.to {
			last = n
		}
	}
	return first, last
}

type closeViewRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Run       string `path:"run" class:"operational"`
	Output    string `path:"output" class:"operational"`
	Body      struct {
		View string `json:"view" class:"operational" minLength:"1" maxLength:"4096" doc:"Token of the view"`
	}
}

type closeViewResponse struct {
	Body struct {
		Bytes int64 `json:"bytes" class:"operational" doc:"Bytes sent and searched, as the audit log has them"`
	}
}

// closeView writes the end of a view to the audit log. It is safe to call again.
func (h *Handler) closeView(ctx context.Context, in *closeViewRequest) (*closeViewResponse, error) {
	t, err := h.parseView(ctx, in.Body.View, in.Run, in.Output)
	if err != nil {
		return nil, err
	}
	out := &closeViewResponse{}
	out.Body.Bytes, err = h.endView(ctx, access.From(ctx), t)
	return out, err
}

// endView writes what this instance sent, and the end. It returns the bytes that the
// audit log has.
func (h *Handler) endView(ctx context.Context, s access.Session, t viewToken) (int64, error) {
	ref := records.ViewRef(s.DB, s.Tenant.ID, s.Workspace, t.ID)
	doc, err := ref.Get(ctx)
	if status.Code(err) == codes.NotFound {
		return 0, errView
	}
	if err != nil {
		return 0, fmt.Errorf("read view: %w", err)
	}
	v, err := records.DecodeView(doc)
	if err != nil {
		return 0, err
	}
	if sent, ok := h.tallies.sent(t.ID); ok {
		v.Sent[h.instance], v.Reserved[h.instance] = sent, sent
	}
	entry := v.End(s.Tenant.ID, s.Workspace)
	if !v.Open {
		return entry.Counts["bytes"], nil
	}
	prepared, err := h.guard.Audit.Prepare(ctx, s.DB, entry)
	if err != nil {
		return 0, err
	}
	err = gcp.Transact(ctx, s.DB, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := tx.Get(ref)
		if err != nil {
			return fmt.Errorf("read view: %w", err)
		}
		if open, _ := current.DataAt("open"); open != true {
			return nil
		}
		if !current.UpdateTime.Equal(doc.UpdateTime) {
			return api.Refuse(http.StatusServiceUnavailable, "the view is being read; try again").With("Retry-After", "1")
		}
		v.Open = false
		if err := tx.Set(ref, v); err != nil {
			return err
		}
		return prepared.Write(tx)
	})
	if err != nil {
		return 0, err
	}
	h.tallies.end(t.ID)
	prepared.Committed(ctx)
	return entry.Counts["bytes"], nil
}

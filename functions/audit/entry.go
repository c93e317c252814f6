package audit

import (
	"context"
	"errors"
	"net/http"

	"github.com/transparency-dev/formats/proof"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

type entryRequest struct {
	Entry string `path:"entry" class:"operational" doc:"ID of the entry, as in the header Strongroom-Audit-Entry"`
}

type entryResponse struct{ Body entryBody }

func (h *Handler) get(ctx context.Context, in *entryRequest) (*entryResponse, error) {
	stored, err := h.find(ctx, in.Entry)
	if err != nil {
		return nil, err
	}
	entry, err := showEntry(stored)
	if err != nil {
		return nil, err
	}
	return &entryResponse{entry}, nil
}

// find records the read, and reads an entry.
func (h *Handler) find(ctx context.Context, id string) (auditlog.Stored, error) {
	if _, err := run.ParseID(id); err != nil { // a UUIDv7 too
		return auditlog.Stored{}, api.Refuse(http.StatusBadRequest, "the ID of an entry is a UUIDv7 in lower case")
	}
	if err := h.recordEntriesRead(ctx); err != nil {
		return auditlog.Stored{}, err
	}
	s := access.From(ctx)
	stored, err := h.reader.ReadEntry(ctx, s.DB, s.Tenant.ID, id)
	if errors.Is(err, auditlog.ErrNoEntry) {
		stored, err = h.findExpired(ctx, id)
	}
	switch {
	case errors.Is(err, auditlog.ErrNoEntry):
		return stored, api.Refuse(http.StatusNotFound, "the log has no such entry")
	case errors.Is(err, auditlog.ErrTooManyEntries):
		return stored, api.Refuse(http.StatusNotFound, "the entry is not among those that are still searched; copy the log to find it (strongroom audit pull)")
	}
	return stored, err
}

// findExpired looks in the bucket for an entry that has no document.
func (h *Handler) findExpired(ctx context.Context, id string) (auditlog.Stored, error) {
	tree, err := h.tree(ctx)
	if err != nil {
		return auditlog.Stored{}, err
	}
	old, err := h.reserve(ctx, tree, 0)
	if err != nil {
		return auditlog.Stored{}, err
	}
	stored, err := old.Find(ctx, id)
	return stored, bundleError(ctx, err)
}

// textResponse is a short text.
type textResponse struct {
	ContentType string `header:"Content-Type" class:"operational"`
	Body        []byte `class:"operational"`
}

func text(body []byte) *textResponse { return &textResponse{"text/plain; charset=utf-8", body} }

// prove returns the proof that an entry is in the published tree, as
// c2sp.org/tlog-proof writes it.
func (h *Handler) prove(ctx context.Context, in *entryRequest) (*textResponse, error) {
	stored, err := h.find(ctx, in.Entry)
	if err != nil {
		return nil, err
	}
	tree, err := h.tree(ctx)
	if err != nil {
		return nil, err
	}
	if stored.Index < 0 || stored.Index >= tree.Size {
		return nil, api.Refuse(http.StatusConflict, api.NotIntegratedText).With("Retry-After", "60")
	}
	hashes, err := auditlog.Inclusion(tree, stored.Index, func(r tilelog.Resource) ([]byte, error) { return h.readTile(ctx, tree, r) })
	if err != nil {
		return nil, err
	}
	checkpoint, err := h.withCosignatures(ctx, tree)
	if err != nil {
		return nil, err
	}
	p := proof.TLogProof{Index: uint64(stored.Index), Hashes: hashes, Checkpoint: checkpoint}
	return text(p.Marshal()), nil
}

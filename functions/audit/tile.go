package audit

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"cloud.google.com/go/storage"
	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

type tileRequest struct {
	Tenant string `path:"tenant" class:"operational"`
	Tile   string `path:"tile" class:"operational" doc:"L/N, L/N.p/W, entries/N or entries/N.p/W of c2sp.org/tlog-tiles, such as 0/x001/067.p/8"`
}

type platformTileRequest struct {
	Tile string `path:"tile" class:"operational" doc:"As for a tenant's log"`
}

// tileResponse is a tile or an entry bundle.
type tileResponse struct {
	Body func(huma.Context) `class:"audit"`
}

func (h *Handler) tenantTile(ctx context.Context, in *tileRequest) (*tileResponse, error) {
	return h.tile(ctx, in.Tile)
}

func (h *Handler) platformTile(ctx context.Context, in *platformTileRequest) (*tileResponse, error) {
	return h.tile(ctx, in.Tile)
}

// tile serves a tile or an entry bundle of the published tree.
func (h *Handler) tile(ctx context.Context, path string) (*tileResponse, error) {
	resource, err := tilelog.ParsePath("tile/" + path)
	if err != nil {
		return nil, api.Refuse(http.StatusBadRequest, tilelog.ErrPath.Error())
	}
	tree, err := h.tree(ctx)
	if err != nil {
		return nil, err
	}
	if !resource.Exists(uint64(tree.Size)) {
		return nil, api.Refuse(http.StatusNotFound, fmt.Sprintf("the published log has %d entries, and so no such tile", tree.Size))
	}
	if err := h.recordLogRead(ctx); err != nil {
		return nil, err
	}
	if resource.Full().Exists(uint64(tree.Size)) {
		return h.streamFull(ctx, resource)
	}
	data, err := h.readEdge(ctx, tree, resource)
	if err != nil {
		return nil, err
	}
	return &tileResponse{func(hc huma.Context) {
		writeTileHeader(hc, int64(len(data)))
		_, _ = hc.BodyWriter().Write(data) // the client may have disconnected
	}}, nil
}

// immutable lets the caller's own cache keep a tile for a year. No shared cache may
// keep it, because only principals of the tenant may read it.
const immutable = "private, max-age=31536000, immutable"

// writeTileHeader writes the header of a tile with a length; -1: not known.
func writeTileHeader(hc huma.Context, length int64) {
	hc.SetHeader("Content-Type", "application/octet-stream")
	hc.SetHeader("Cache-Control", immutable)
	hc.SetHeader("Vary", "Authorization")
	if length >= 0 {
		hc.SetHeader("Content-Length", strconv.FormatInt(length, 10))
	}
	hc.SetStatus(http.StatusOK)
}

// streamFull streams a resource, or its beginning, from the object of the full one.
// It opens the object before it sends any header, so that an error of the bucket can
// still become a problem response.
func (h *Handler) streamFull(ctx context.Context, r tilelog.Resource) (*tileResponse, error) {
	from, err := h.bucket(ctx)
	if err != nil {
		return nil, err
	}
	reader, err := from.Object(r.Full().Path()).NewReader(ctx)
	if err != nil {
		return nil, bucketError(ctx, fmt.Errorf("open %s: %w", r.Full().Path(), err))
	}
	return &tileResponse{func(hc huma.Context) {
		defer reader.Close()
		length, err := copyResource(hc, r, reader)
		if err != nil {
			api.Logger(ctx).WarnContext(ctx, "stream of a tile aborted", "length", length, "error", err.Error())
			api.Abort(hc.BodyWriter())
		}
	}}, nil
}

// copyResource sends the header and the bytes of a resource. It returns the
// length that the header declares.
func copyResource(hc huma.Context, r tilelog.Resource, full *storage.Reader) (length int64, err error) {
	length = full.Attrs.Size
	switch {
	case r.Width == tilelog.TileWidth:
	case r.Entries:
		length = -1
	default:
		length = int64(r.Width) * tlog.HashSize
	}
	writeTileHeader(hc, length)
	if length < 0 {
		return length, tilelog.CopyEntries(hc.BodyWriter(), full, r.Width)
	}
	_, err = io.CopyN(hc.BodyWriter(), full, length)
	return length, err
}

// readTile returns the hashes of a tile of the published tree.
func (h *Handler) readTile(ctx context.Context, tree auditlog.Tree, r tilelog.Resource) ([]byte, error) {
	if !r.Full().Exists(uint64(tree.Size)) {
		return h.readEdge(ctx, tree, r)
	}
	from, err := h.bucket(ctx)
	if err != nil {
		return nil, err
	}
	data, err := bucket.Read(ctx, from.Object(r.Full().Path()), tilelog.TileWidth*tlog.HashSize)
	if err != nil {
		return nil, bucketError(ctx, err)
	}
	return data, nil
}

// readEdge returns a resource of the right edge of the published tree, or its
// beginning: a smaller tree had that. Its hashes are in the tree's document, and
// its entries in the database.
func (h *Handler) readEdge(ctx context.Context, tree auditlog.Tree, r tilelog.Resource) ([]byte, error) {
	if !r.Entries {
		level, size := int(r.Level), r.Width*tlog.HashSize
		if level >= len(tree.Edge) || len(tree.Edge[level]) < size {
			return nil, fmt.Errorf("read %s: %w", r.Path(), tilelog.ErrEdge)
		}
		return tree.Edge[level][:size], nil
	}
	s, begin := access.From(ctx), int64(r.Index)*tilelog.TileWidth
	entries, err := h.reader.ReadEntries(ctx, s.DB, s.Tenant.ID, begin, begin+int64(r.Width))
	if err != nil {
		return nil, err
	}
	var bundle []byte
	for _, e := range entries {
		if bundle, err = tilelog.AppendEntry(bundle, e.Leaf); err != nil {
			return nil, err
		}
	}
	return bundle, nil
}

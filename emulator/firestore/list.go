package firestore

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strings"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const defaultPageSize = 300

// ListDocuments pages through a collection by name, with the names of missing
// documents that have collections below them if those are asked for.
func (s *Server) ListDocuments(ctx context.Context, req *pb.ListDocumentsRequest) (*pb.ListDocumentsResponse, error) {
	db, parent, err := s.admitParent(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := checkID(req.GetCollectionId()); err != nil {
		return nil, err
	}
	if by := req.GetOrderBy(); by != "" && by != nameField && by != nameField+" asc" {
		return nil, status.Error(codes.Unimplemented, "The embedded Firestore lists documents by name only: run a query.")
	}
	mask, err := readMask(req.GetMask())
	if err != nil {
		return nil, err
	}
	l := listing{collection: parent.child(req.GetCollectionId()), missing: req.GetShowMissing()}
	if l.size, l.after, err = page(req.GetPageSize(), req.GetPageToken()); err != nil {
		return nil, err
	}
	r, err := s.reader(db, req, nil)
	if err != nil {
		return nil, err
	}
	saw := l.read(r.state)
	if r.tx != nil {
		r.tx.sawQuery(observed{saw: saw, again: l.read})
	}
	s.counts.reads.Add(int64(max(1, len(saw))))
	return l.response(r, saw, mask), nil
}

// page reads a page's size and the id it comes after.
func page(size int32, token string) (int, string, error) {
	after, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, "", invalid("Invalid page token.")
	}
	if size < 0 {
		return 0, "", invalid("Page size is negative.")
	}
	if size == 0 {
		size = defaultPageSize
	}
	return int(size), string(after), nil
}

func pageToken(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }

// listing is one page of a list.
type listing struct {
	collection path
	missing    bool
	size       int
	after      string // document id; "" for the first page
}

// read gives at most one more than the page holds.
func (l listing) read(s *state) []sighting {
	saw := l.present(s)
	if l.missing {
		saw = append(saw, l.parents(s)...)
		slices.SortStableFunc(saw, func(a, b sighting) int { return cmp.Compare(a.key, b.key) })
		saw = slices.CompactFunc(saw, func(a, b sighting) bool { return a.key == b.key })
	}
	return saw[:min(len(saw), l.size+1)]
}

func (l listing) present(s *state) []sighting {
	prefix := collectionKey(l.collection)
	var saw []sighting
	s.documents.AscendGreaterOrEqual(&document{key: prefix + l.from()}, func(d *document) bool {
		if !strings.HasPrefix(d.key, prefix) || len(saw) > l.size {
			return false
		}
		saw = append(saw, sighting{d.key, d})
		return true
	})
	return saw
}

// from is where the encoded ids of the page begin.
func (l listing) from() string {
	if l.after == "" {
		return ""
	}
	return prefixEnd(string(appendID(nil, l.after)))
}

// parents are the documents of the collection that have some below them,
// whether or not they exist.
func (l listing) parents(s *state) []sighting {
	prefix := pathKey(l.collection)
	var saw []sighting
	for _, id := range s.idsBelow(prefix, max(l.from(), "\x00\x01"), l.size+1) {
		saw = append(saw, sighting{key: documentKey(l.collection.child(id))})
	}
	return saw
}

// idsBelow are the distinct ids that follow a prefix in the keys, up to limit;
// all that lies below an id is skipped at once.
func (s *state) idsBelow(prefix, from string, limit int) []string {
	var ids []string
	for len(ids) < limit {
		var next string
		s.documents.AscendGreaterOrEqual(&document{key: prefix + from}, func(d *document) bool {
			next = d.key
			return false
		})
		rest, ok := strings.CutPrefix(next, prefix)
		if !ok || next == "" {
			break
		}
		id, _ := cutTerminated(rest)
		ids = append(ids, id)
		from = prefixEnd(string(appendID(nil, id)))
	}
	return ids
}

func (l listing) response(r reader, saw []sighting, mask []fieldPath) *pb.ListDocumentsResponse {
	response := &pb.ListDocumentsResponse{}
	for _, one := range saw[:min(len(saw), l.size)] {
		doc := &pb.Document{Name: documentName(r.name, parsePath(one.key))}
		if one.document != nil {
			doc = one.document.proto(r.name, mask)
		}
		response.Documents = append(response.Documents, doc)
	}
	if len(saw) > l.size {
		response.NextPageToken = pageToken(parsePath(saw[l.size-1].key).id())
	}
	return response
}

// ListCollectionIds lists the collections directly below a document or the root.
func (s *Server) ListCollectionIds(ctx context.Context, req *pb.ListCollectionIdsRequest) (*pb.ListCollectionIdsResponse, error) {
	db, parent, err := s.admitParent(ctx, req)
	if err != nil {
		return nil, err
	}
	size, after, err := page(req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	v := db.now()
	if req.GetReadTime() != nil {
		if v, err = db.at(fromProto(req.GetReadTime())); err != nil {
			return nil, err
		}
	}
	ids := v.idsBelow(pathKey(parent), listing{after: after}.from(), size+1)
	s.counts.reads.Add(int64(max(1, len(ids))))
	response := &pb.ListCollectionIdsResponse{CollectionIds: ids[:min(len(ids), size)]}
	if len(ids) > size {
		response.NextPageToken = pageToken(ids[size-1])
	}
	return response, nil
}

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

// ListDocuments returns a collection in pages, ordered by name. If requested, it
// includes the names of missing documents that have subcollections.
func (s *Server) ListDocuments(ctx context.Context, req *pb.ListDocumentsRequest) (*pb.ListDocumentsResponse, error) {
	db, parent, err := s.startParentRPC(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := checkID(req.GetCollectionId()); err != nil {
		return nil, err
	}
	if by := req.GetOrderBy(); by != "" && by != nameField && by != nameField+" asc" {
		return nil, status.Error(codes.Unimplemented, "The embedded Firestore lists documents only by name; use a query.")
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
	items := l.read(r.state)
	if r.tx != nil {
		r.tx.recordQuery(queryRecord{items: items, run: l.read})
	}
	s.counts.reads.Add(int64(max(1, len(items))))
	return l.response(r, items, mask), nil
}

// page parses the page size and the ID that the page starts after.
func page(size int32, token string) (int, string, error) {
	after, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, "", invalid("Invalid page token.")
	}
	if size < 0 {
		return 0, "", invalid("Page size must not be negative.")
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
	after      string // document ID; "" for the first page
}

// read returns at most one item more than the page size.
func (l listing) read(s *state) []resultItem {
	items := l.present(s)
	if l.missing {
		items = append(items, l.parents(s)...)
		slices.SortStableFunc(items, func(a, b resultItem) int { return cmp.Compare(a.key, b.key) })
		items = slices.CompactFunc(items, func(a, b resultItem) bool { return a.key == b.key })
	}
	return items[:min(len(items), l.size+1)]
}

func (l listing) present(s *state) []resultItem {
	prefix := collectionKey(l.collection)
	var items []resultItem
	s.documents.AscendGreaterOrEqual(&document{key: prefix + l.from()}, func(d *document) bool {
		if !strings.HasPrefix(d.key, prefix) || len(items) > l.size {
			return false
		}
		items = append(items, resultItem{d.key, d})
		return true
	})
	return items
}

// from returns where the encoded IDs of the page begin.
func (l listing) from() string {
	if l.after == "" {
		return ""
	}
	return prefixEnd(string(appendID(nil, l.after)))
}

// parents returns the documents of the collection that have subcollections, whether
// or not they exist.
func (l listing) parents(s *state) []resultItem {
	prefix := pathKey(l.collection)
	var items []resultItem
	for _, id := range s.idsBelow(prefix, max(l.from(), "\x00\x01"), l.size+1) {
		items = append(items, resultItem{key: documentKey(l.collection.child(id))})
	}
	return items
}

// idsBelow returns up to limit distinct IDs that follow a prefix in the keys. It
// skips all keys below an ID at once.
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

func (l listing) response(r reader, items []resultItem, mask []fieldPath) *pb.ListDocumentsResponse {
	response := &pb.ListDocumentsResponse{}
	for _, one := range items[:min(len(items), l.size)] {
		doc := &pb.Document{Name: documentName(r.name, parsePath(one.key))}
		if one.document != nil {
			doc = one.document.proto(r.name, mask)
		}
		response.Documents = append(response.Documents, doc)
	}
	if len(items) > l.size {
		response.NextPageToken = pageToken(parsePath(items[l.size-1].key).id())
	}
	return response
}

// ListCollectionIds lists the collections of a document or of the root.
func (s *Server) ListCollectionIds(ctx context.Context, req *pb.ListCollectionIdsRequest) (*pb.ListCollectionIdsResponse, error) {
	db, parent, err := s.startParentRPC(ctx, req)
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

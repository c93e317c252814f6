package firestore

import (
	"fmt"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// micros is a time in Firestore's precision: microseconds since 1970.
type micros int64

func (m micros) proto() *timestamppb.Timestamp { return timestamppb.New(time.UnixMicro(int64(m))) }

func fromProto(t *timestamppb.Timestamp) micros { return micros(t.AsTime().UnixMicro()) }

// document is one version of a document. It never changes after it is stored, so two
// reads saw the same version if and only if they saw the same pointer.
type document struct {
	key     string // documentKey of its path
	data    []byte // its fields, as an encoded pb.Document without name and times
	created micros
	updated micros
}

func newDocument(key string, doc fields, created, updated micros) (*document, error) {
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(&pb.Document{Fields: doc})
	if err != nil {
		return nil, invalid("Document cannot be encoded: %v", err)
	}
	return &document{key: key, data: data, created: created, updated: updated}, nil
}

func (d *document) path() path { return parsePath(d.key) }

// fields returns a copy that the caller may change. It is empty if d is nil.
func (d *document) fields() fields {
	if d == nil {
		return fields{}
	}
	var doc pb.Document
	if err := proto.Unmarshal(d.data, &doc); err != nil {
		panic(fmt.Sprintf("firestore: a document that was marshalled cannot be read: %v", err))
	}
	if doc.Fields == nil {
		return fields{}
	}
	return doc.Fields
}

// proto returns the document in the API's form. A nil mask means all fields.
func (d *document) proto(database string, mask []fieldPath) *pb.Document {
	all := d.fields()
	if mask != nil {
		all = project(all, mask)
	}
	return &pb.Document{
		Name:       documentName(database, d.path()),
		Fields:     all,
		CreateTime: d.created.proto(),
		UpdateTime: d.updated.proto(),
	}
}

func documentName(database string, p path) string {
	return database + "/documents/" + p.String()
}

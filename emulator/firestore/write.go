package firestore

import (
	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// write is one pb.Write, validated as far as possible without the document.
type write struct {
	path       path
	key        string
	kind       writeKind
	set        fields      // of an update
	mask       []fieldPath // of an update; nil: replace all fields
	transforms []transform
	condition  *pb.Precondition
}

type writeKind int

const (
	update writeKind = iota
	remove
	transformOnly
)

const maxTransforms = 500 // of one document in one write: the RPC reference

func parseWrites(database string, in []*pb.Write) ([]write, error) {
	var writes []write
	for _, w := range in {
		parsed, err := parseWrite(database, w)
		if err != nil {
			return nil, err
		}
		writes = append(writes, parsed)
	}
	return writes, nil
}

func parseWrite(database string, in *pb.Write) (w write, err error) {
	transforms := in.GetUpdateTransforms()
	var name string
	switch op := in.GetOperation().(type) {
	case *pb.Write_Update:
		name = op.Update.GetName()
		w.kind = update
		w.set = op.Update.GetFields()
		err = normalize(w.set)
		if err == nil && in.GetUpdateMask() != nil {
			w.mask, err = parseUpdateMask(in.GetUpdateMask().GetFieldPaths())
		}
	case *pb.Write_Delete:
		name = op.Delete
		w.kind = remove
	case *pb.Write_Transform:
		name = op.Transform.GetDocument()
		w.kind = transformOnly
		transforms = op.Transform.GetFieldTransforms()
	default:
		return write{}, invalid("A write has no operation.")
	}
	if err != nil {
		return write{}, err
	}
	w.condition = in.GetCurrentDocument()
	if w.transforms, err = parseTransforms(transforms); err != nil {
		return write{}, err
	}
	if w.path, err = documentIn(database, name); err != nil {
		return write{}, err
	}
	w.key = documentKey(w.path)
	return w, nil
}

func parseUpdateMask(paths []string) ([]fieldPath, error) {
	mask, err := parseMask(paths)
	if err != nil {
		return nil, err
	}
	for _, f := range mask {
		if f.isName() {
			return nil, invalid("%s cannot be written.", nameField)
		}
	}
	return append([]fieldPath{}, mask...), nil // an empty mask is still a mask
}

// check compares the precondition with the stored document, which may be nil.
func (w write) check(name string, d *document) error {
	switch c := w.condition.GetConditionType().(type) {
	case *pb.Precondition_Exists:
		if c.Exists && d == nil {
			return status.Errorf(codes.NotFound, "No document to update: %s", name)
		}
		if !c.Exists && d != nil {
			return status.Errorf(codes.AlreadyExists, "Document already exists: %s", name)
		}
	case *pb.Precondition_UpdateTime:
		var stored micros // 0 for an absent document
		if d != nil {
			stored = d.updated
		}
		if want := fromProto(c.UpdateTime); stored != want {
			return status.Errorf(codes.FailedPrecondition,
				"The stored version (%d) does not match the required base version (%d): %s", stored, want, name)
		}
	}
	return nil
}

// apply returns the document after the write, and the results of its transforms.
func (w write) apply(old *document, at micros) (*document, []*pb.Value, error) {
	if w.kind == remove {
		return nil, nil, nil
	}
	doc := w.merge(old)
	var results []*pb.Value
	for _, t := range w.transforms {
		v, result := t.apply(t.field.get(doc), at)
		t.field.set(doc, v)
		results = append(results, result)
	}
	if size := storageSize(w.path, doc); size > maxDocumentBytes {
		return nil, nil, invalid("Document %q cannot be written because its size (%d bytes) exceeds the maximum allowed size of %d bytes.",
			w.path, size, maxDocumentBytes)
	}
	if err := normalize(doc); err != nil { // merging and transforms can nest deeper
		return nil, nil, err
	}
	now, err := w.version(old, doc, at)
	return now, results, err
}

func (w write) merge(old *document) fields {
	switch {
	case w.kind == transformOnly:
		return old.fields()
	case w.mask == nil:
		doc := fields{}
		for name, v := range w.set {
			doc[name] = v
		}
		return doc
	}
	doc := old.fields()
	for _, f := range w.mask {
		if v := f.get(w.set); v != nil {
			f.set(doc, v)
		} else {
			f.remove(doc)
		}
	}
	return doc
}

// version returns the old version, with its update time, if nothing changed.
func (w write) version(old *document, doc fields, at micros) (*document, error) {
	created := at
	if old != nil {
		created = old.created
	}
	now, err := newDocument(w.key, doc, created, at)
	if err == nil && old != nil && string(old.data) == string(now.data) {
		return old, nil
	}
	return now, err
}

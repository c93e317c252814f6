package firestore

import (
	"maps"
	"slices"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// query is a validated pb.StructuredQuery with all implied orders.
type query struct {
	database   string
	parent     path
	collection string // ID; "" in a group: every collection
	group      bool   // collections at any depth below the parent
	filter     disjunction
	orders     []order // ends with the name
	start, end *cursor
	mask       []fieldPath // nil: all fields
	offset     int
	limit      int         // negative: no limit
	exists     []fieldPath // further fields that a document must have, because they are aggregated
}

type order struct {
	field fieldPath
	desc  bool
}

// cursor is a position before or after all documents that begin with its values.
type cursor struct {
	values []*pb.Value
	before bool
}

func parseQuery(database string, parent path, in *pb.StructuredQuery) (*query, error) {
	q := &query{database: database, parent: parent, offset: int(in.GetOffset()), limit: -1}
	steps := []func(*pb.StructuredQuery) error{q.parseFrom, q.parseWhere, q.parseOrder, q.parseCursors, q.parseSelect, q.parseLimits}
	for _, step := range steps {
		if err := step(in); err != nil {
			return nil, err
		}
	}
	return q, nil
}

func (q *query) parseFrom(in *pb.StructuredQuery) error {
	if in.GetFindNearest() != nil {
		return status.Error(codes.Unimplemented, "The embedded Firestore has no vector search.")
	}
	if len(in.GetFrom()) != 1 {
		return invalid("A query must name exactly one collection.")
	}
	from := in.GetFrom()[0]
	q.collection, q.group = from.GetCollectionId(), from.GetAllDescendants()
	if q.collection == "" && q.group {
		return nil
	}
	return checkID(q.collection)
}

func (q *query) parseWhere(in *pb.StructuredQuery) (err error) {
	q.filter = disjunction{{}}
	if in.GetWhere() != nil {
		if q.filter, err = parseFilter(in.GetWhere()); err != nil {
			return err
		}
	}
	return q.filter.check()
}

// parseOrder adds the implied orders: fields with inequalities, then the name, in
// the direction of the last explicit order.
func (q *query) parseOrder(in *pb.StructuredQuery) error {
	desc := false
	explicit := map[string]bool{}
	for _, o := range in.GetOrderBy() {
		field, err := parseFieldPath(o.GetField().GetFieldPath())
		if err != nil {
			return err
		}
		if explicit[field.String()] {
			return invalid("order by clause cannot contain duplicate fields %s", field)
		}
		explicit[field.String()] = true
		desc = o.GetDirection() == pb.StructuredQuery_DESCENDING
		q.orders = append(q.orders, order{field, desc})
	}
	for _, field := range q.inequalities() {
		if !explicit[field.String()] && !field.isName() {
			q.orders = append(q.orders, order{field, desc})
		}
	}
	if !explicit[nameField] {
		q.orders = append(q.orders, order{fieldPath{nameField}, desc})
	}
	return q.checkOrder()
}

func (q *query) checkOrder() error {
	for _, o := range q.orders[:len(q.orders)-1] {
		if o.field.isName() {
			return invalid("order by clause cannot contain more fields after the key")
		}
	}
	if len(q.orders) > 1 || !q.orders[0].desc {
		return nil
	}
	for _, conj := range q.filter {
		if p := q.plan(conj); len(p.columns) == 0 {
			return status.Error(codes.FailedPrecondition, "Firestore does not support descending key scans")
		}
	}
	return nil
}

func (q *query) inequalities() []fieldPath {
	found := map[string]fieldPath{}
	for _, conj := range q.filter {
		for _, c := range conj {
			if c.op.inequality() {
				found[c.field.String()] = c.field
			}
		}
	}
	var sorted []fieldPath
	for _, name := range slices.Sorted(maps.Keys(found)) {
		sorted = append(sorted, found[name])
	}
	return sorted
}

func (q *query) parseCursors(in *pb.StructuredQuery) (err error) {
	if q.start, err = q.parseCursor(in.GetStartAt()); err != nil {
		return err
	}
	q.end, err = q.parseCursor(in.GetEndAt())
	return err
}

func (q *query) parseCursor(in *pb.Cursor) (*cursor, error) {
	if in == nil {
		return nil, nil
	}
	if len(in.GetValues()) > len(q.orders) {
		return nil, invalid("Cursor has too many values.")
	}
	for i, v := range in.GetValues() {
		if v.GetValueType() == nil {
			return nil, invalid("Cursor has a value without a type.")
		}
		if !q.orders[i].field.isName() {
			continue
		}
		p, err := documentIn(q.database, v.GetReferenceValue())
		if err != nil || !q.group && collectionKey(p.parent()) != collectionKey(q.parent.child(q.collection)) {
			return nil, invalid("Cursor value for %s is not the name of a document in the queried collection.", nameField)
		}
	}
	return &cursor{in.GetValues(), in.GetBefore()}, nil
}

func (q *query) parseSelect(in *pb.StructuredQuery) error {
	if in.GetSelect() == nil || len(in.GetSelect().GetFields()) == 0 {
		return nil
	}
	q.mask = []fieldPath{}
	for _, f := range in.GetSelect().GetFields() {
		field, err := parseFieldPath(f.GetFieldPath())
		if err != nil {
			return err
		}
		q.mask = append(q.mask, field)
	}
	return nil
}

func (q *query) parseLimits(in *pb.StructuredQuery) error {
	if q.offset < 0 {
		return invalid("offset is negative")
	}
	if in.GetLimit() != nil {
		q.limit = int(in.GetLimit().GetValue())
		if q.limit < 0 {
			return invalid("limit is negative")
		}
	}
	return nil
}

// backward reports whether the index is read from its end, because names descend.
func (q *query) backward() bool { return q.orders[len(q.orders)-1].desc }

func (q *query) scope() scope {
	if q.group {
		return scope{group: q.collection}
	}
	return scope{collection: collectionKey(q.parent.child(q.collection))}
}

// value returns a document's value of a field. The value of the name is a reference.
func (q *query) value(p path, doc fields, f fieldPath) *pb.Value {
	if f.isName() {
		return &pb.Value{ValueType: &pb.Value_ReferenceValue{ReferenceValue: documentName(q.database, p)}}
	}
	return f.get(doc)
}

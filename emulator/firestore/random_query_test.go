package firestore

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func reference(f string) *pb.StructuredQuery_FieldReference {
	return &pb.StructuredQuery_FieldReference{FieldPath: f}
}

func limit(n int32) *wrapperspb.Int32Value { return wrapperspb.Int32(n) }

func where(f string, op pb.StructuredQuery_FieldFilter_Operator, v *pb.Value) *pb.StructuredQuery_Filter {
	return &pb.StructuredQuery_Filter{FilterType: &pb.StructuredQuery_Filter_FieldFilter{
		FieldFilter: &pb.StructuredQuery_FieldFilter{Field: reference(f), Op: op, Value: v},
	}}
}

// TestRandomQueries compares the results of indexes with a check of every document,
// while documents are created and deleted.
func TestRandomQueries(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 11))
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	db := s.database(benchDatabase)
	for round := range 1200 {
		if _, err := s.Commit(context.Background(), &pb.CommitRequest{Database: benchDatabase, Writes: randomWrites(random)}); err != nil {
			t.Fatal(err)
		}
		in := randomQuery(random)
		q, err := parseQuery(benchDatabase, nil, in)
		if err != nil {
			continue // Firestore rejects it
		}
		stale := db.now() // may lack the index
		plans := q.prepare(db)
		want := strings.Join(q.look(stale), " ")
		for name, v := range map[string]view{"a stale view": stale, "the latest view": db.now()} {
			var got []string
			for d := range q.window(q.run(v.state, plans)) {
				got = append(got, d.path().String())
			}
			if strings.Join(got, " ") != want {
				t.Fatalf("round %d, %s\n%v\ngot  %v\nwant %s", round, name, in, got, want)
			}
		}
	}
}

func randomValue(random *rand.Rand) *pb.Value {
	switch random.IntN(12) {
	case 0:
		return null
	case 1:
		return double(math.NaN())
	case 2, 3:
		return double(float64(random.IntN(6)) / 2)
	case 4:
		return str(string(rune('a' + random.IntN(3))))
	case 5:
		return list(integer(int64(random.IntN(3))), str("a"))
	case 6:
		return &pb.Value{ValueType: &pb.Value_BooleanValue{BooleanValue: random.IntN(2) == 0}}
	}
	return integer(int64(random.IntN(4)))
}

var randomFields = []string{"x", "y", "m.z"}

func randomWrites(random *rand.Rand) []*pb.Write {
	var writes []*pb.Write
	for range 3 {
		collection := []string{"n", "n", "n", "o/1/n", "n/3/n"}[random.IntN(5)]
		name := fmt.Sprintf("%s/documents/%s/%d", benchDatabase, collection, random.IntN(12))
		if random.IntN(4) == 0 {
			writes = append(writes, &pb.Write{Operation: &pb.Write_Delete{Delete: name}})
			continue
		}
		doc := fields{}
		for _, f := range randomFields {
			if random.IntN(4) > 0 {
				p, _ := parseFieldPath(f)
				p.set(doc, randomValue(random))
			}
		}
		writes = append(writes, &pb.Write{Operation: &pb.Write_Update{Update: &pb.Document{Name: name, Fields: doc}}})
	}
	return writes
}

func randomQuery(random *rand.Rand) *pb.StructuredQuery {
	q := &pb.StructuredQuery{
		From:   []*pb.StructuredQuery_CollectionSelector{{CollectionId: "n", AllDescendants: random.IntN(3) == 0}},
		Offset: int32(max(0, random.IntN(6)-3)),
	}
	if random.IntN(5) > 0 {
		q.Where = randomFilter(random, 2)
	}
	for range random.IntN(3) {
		f := append(randomFields, nameField)[random.IntN(4)]
		q.OrderBy = append(q.OrderBy, &pb.StructuredQuery_Order{Field: reference(f), Direction: pb.StructuredQuery_Direction(1 + random.IntN(2))})
	}
	if random.IntN(3) == 0 {
		q.Limit = limit(int32(random.IntN(6)))
	}
	q.StartAt, q.EndAt = randomCursor(random, q), randomCursor(random, q)
	return q
}

func randomCursor(random *rand.Rand, q *pb.StructuredQuery) *pb.Cursor {
	if random.IntN(3) > 0 {
		return nil
	}
	c := &pb.Cursor{Before: random.IntN(2) == 0}
	for _, o := range q.OrderBy[:random.IntN(len(q.OrderBy)+1)] {
		c.Values = append(c.Values, randomOperand(random, o.Field.FieldPath))
	}
	return c
}

func randomOperand(random *rand.Rand, f string) *pb.Value {
	if f == nameField {
		return nameValue(fmt.Sprint("n/", random.IntN(12)))
	}
	return randomValue(random)
}

func nameValue(p string) *pb.Value {
	return &pb.Value{ValueType: &pb.Value_ReferenceValue{ReferenceValue: benchDatabase + "/documents/" + p}}
}

func randomFilter(random *rand.Rand, depth int) *pb.StructuredQuery_Filter {
	if depth > 0 && random.IntN(2) == 0 {
		c := &pb.StructuredQuery_CompositeFilter{Op: pb.StructuredQuery_CompositeFilter_Operator(1 + random.IntN(2))}
		for range 1 + random.IntN(3) {
			c.Filters = append(c.Filters, randomFilter(random, depth-1))
		}
		return &pb.StructuredQuery_Filter{FilterType: &pb.StructuredQuery_Filter_CompositeFilter{CompositeFilter: c}}
	}
	f := append(randomFields, nameField)[random.IntN(4)]
	op := pb.StructuredQuery_FieldFilter_Operator(1 + random.IntN(10))
	v := randomOperand(random, f)
	if op >= pb.StructuredQuery_FieldFilter_IN {
		v = list(v, randomOperand(random, f))
	}
	return where(f, op, v)
}

// look evaluates a query on every document, without plans or indexes.
func (q *query) look(v view) []string {
	type row struct {
		name string
		keys []*pb.Value
	}
	var rows []row
	v.documents.Ascend(func(d *document) bool {
		p, doc := d.path(), d.fields()
		r := row{name: p.String()}
		for _, o := range q.orders {
			r.keys = append(r.keys, q.value(p, doc, o.field))
		}
		if q.scope().covers(p) && q.holds(p, doc) && !slices.Contains(r.keys, nil) && q.inCursors(r.keys) {
			rows = append(rows, r)
		}
		return true
	})
	slices.SortFunc(rows, func(a, b row) int { return q.compareKeys(a.keys, b.keys) })
	rows = rows[min(len(rows), q.offset):]
	if q.limit >= 0 {
		rows = rows[:min(len(rows), q.limit)]
	}
	var names []string
	for _, r := range rows {
		names = append(names, r.name)
	}
	return names
}

func (q *query) holds(p path, doc fields) bool {
	return slices.ContainsFunc(q.filter, func(conj conjunction) bool {
		return !slices.ContainsFunc(conj, func(c condition) bool { return !c.matches(q.value(p, doc, c.field)) })
	})
}

func (q *query) compareKeys(a, b []*pb.Value) int {
	for i := range min(len(a), len(b)) {
		c := compare(a[i], b[i])
		if q.orders[i].desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

func (q *query) inCursors(keys []*pb.Value) bool {
	if c := q.start; c != nil && q.compareKeys(keys, c.values) < b2i(!c.before) {
		return false
	}
	if c := q.end; c != nil && q.compareKeys(keys, c.values) > -b2i(c.before) {
		return false
	}
	return true
}

// b2i returns 1 if the cursor excludes the document at its position.
func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

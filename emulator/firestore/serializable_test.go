package firestore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"cloud.google.com/go/firestore"
	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"

	emulated "github.com/strongroom-dev/strongroom/emulator/firestore"
)

const accounts = 6

// TestTransfersKeepTheSum moves money between accounts with reads by document and by
// query, while readers compute the sum.
func TestTransfersKeepTheSum(t *testing.T) {
	t.Parallel()
	c := connect(t, serve(t, emulated.Config{}))
	bank := c.Collection("bank")
	documents := map[string]map[string]any{}
	for i := range accounts {
		documents[fmt.Sprint("bank/", i)] = map[string]any{"n": 100}
	}
	put(t, c, documents)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(worker)))
			for range 12 {
				if err := transfer(t.Context(), c, bank, random); err != nil {
					t.Error(err)
				}
				if sum := balance(t, c, bank); sum != accounts*100 {
					t.Errorf("a reader saw %d", sum)
				}
			}
		})
	}
	wg.Wait()
	if sum := balance(t, c, bank); sum != accounts*100 {
		t.Errorf("in the end there is %d", sum)
	}
}

// transfer moves money from a named account to the poorest, which a query finds. An
// account that is emptied is deleted and created again.
func transfer(ctx context.Context, c *firestore.Client, bank *firestore.CollectionRef, random *rand.Rand) error {
	from, amount := bank.Doc(fmt.Sprint(random.IntN(accounts))), 1+random.Int64N(60)
	return c.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		poorest, err := tx.Documents(bank.OrderBy("n", firestore.Asc).Limit(1)).GetAll()
		if err != nil {
			return err
		}
		snaps, err := tx.GetAll([]*firestore.DocumentRef{from})
		if err != nil {
			return err
		}
		to := poorest[0]
		if !snaps[0].Exists() { // create it with half of the poorest's balance
			half := to.Data()["n"].(int64) / 2
			return move(tx, to, half, func() error { return tx.Create(from, map[string]any{"n": half}) })
		}
		has := snaps[0].Data()["n"].(int64)
		if to.Ref.ID == from.ID {
			return nil
		}
		if has <= amount {
			return move(tx, to, -has, func() error { return tx.Delete(from) })
		}
		return move(tx, to, -amount, func() error {
			return tx.Update(from, []firestore.Update{{Path: "n", Value: has - amount}})
		})
	}, firestore.MaxAttempts(30))
}

// move withdraws from one account. Deposit changes the other.
func move(tx *firestore.Transaction, from *firestore.DocumentSnapshot, amount int64, deposit func() error) error {
	n := from.Data()["n"].(int64) - amount
	if err := tx.Update(from.Ref, []firestore.Update{{Path: "n", Value: n}}); err != nil {
		return err
	}
	return deposit()
}

func balance(t *testing.T, c *firestore.Client, bank *firestore.CollectionRef) (sum int64) {
	err := c.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		snaps, err := tx.Documents(bank).GetAll()
		for _, s := range snaps {
			sum += s.Data()["n"].(int64)
		}
		return err
	}, firestore.ReadOnly)
	if err != nil {
		t.Error(err)
	}
	return sum
}

// TestWhatAbortsACommit changes the database between a transaction's read and
// its commit.
func TestWhatAbortsACommit(t *testing.T) {
	t.Parallel()
	address := serve(t, emulated.Config{})
	for _, row := range []struct {
		name   string
		read   func(raw pb.FirestoreClient, database string, tx []byte) error
		change *pb.Write
		want   codes.Code
	}{
		{name: "a document that was read changes", read: readDocument("a/1"), change: setX("a/1", 2), want: codes.Aborted},
		{name: "an absent document that was read is made", read: readDocument("a/new"), change: setX("a/new", 2), want: codes.Aborted},
		{name: "another document changes", read: readDocument("a/1"), change: setX("a/2", 2), want: codes.OK},
		{name: "a document is written with what it has", read: readDocument("a/1"), change: setX("a/1", 1), want: codes.OK},
		{name: "a result of a query changes", read: readQuery(1), change: setX("a/1", 2), want: codes.Aborted},
		{name: "a result joins a query", read: readQuery(5), change: setX("a/new", 5), want: codes.Aborted},
		{name: "a query that found nothing still does", read: readQuery(5), change: setX("a/new", 6), want: codes.OK},
		{name: "a document in another collection joins nothing", read: readQuery(5), change: setX("b/new", 5), want: codes.OK},
		{name: "a count changes", read: readCount(5), change: setX("a/new", 5), want: codes.Aborted},
		{name: "a list gains a missing document", read: readList, change: setX("a/absent/b/c", 1), want: codes.Aborted},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			raw, database := dial(t, address), "projects/p-"+uuid.NewString()[:8]+"/databases/(default)"
			commit := func(tx []byte, writes ...*pb.Write) error {
				for _, w := range writes {
					w.GetUpdate().Name = database + "/documents/" + w.GetUpdate().GetName()
				}
				_, err := raw.Commit(t.Context(), &pb.CommitRequest{Database: database, Transaction: tx, Writes: writes})
				return err
			}
			wantCode(t, "prepare", commit(nil, setX("a/1", 1), setX("a/2", 1)), codes.OK)
			tx, err := raw.BeginTransaction(t.Context(), &pb.BeginTransactionRequest{Database: database})
			if err != nil {
				t.Fatal(err)
			}
			wantCode(t, "read", row.read(raw, database, tx.Transaction), codes.OK)
			wantCode(t, "change", commit(nil, row.change), codes.OK)
			wantCode(t, "commit", commit(tx.Transaction, setX("z/1", 1)), row.want)
		})
	}
}

func setX(name string, x int64) *pb.Write {
	return set(name, map[string]*pb.Value{"x": number(x)})
}

type reading = func(raw pb.FirestoreClient, database string, tx []byte) error

func readDocument(name string) reading {
	return func(raw pb.FirestoreClient, database string, tx []byte) error {
		s, err := raw.BatchGetDocuments(context.Background(), &pb.BatchGetDocumentsRequest{
			Database: database, Documents: []string{database + "/documents/" + name},
			ConsistencySelector: &pb.BatchGetDocumentsRequest_Transaction{Transaction: tx},
		})
		return first(s, err)
	}
}

// whereX returns a query for the documents of a with this x.
func whereX(x int64) *pb.StructuredQuery {
	return &pb.StructuredQuery{
		From: []*pb.StructuredQuery_CollectionSelector{{CollectionId: "a"}},
		Where: &pb.StructuredQuery_Filter{FilterType: &pb.StructuredQuery_Filter_FieldFilter{FieldFilter: &pb.StructuredQuery_FieldFilter{
			Field: &pb.StructuredQuery_FieldReference{FieldPath: "x"}, Op: pb.StructuredQuery_FieldFilter_EQUAL, Value: number(x),
		}}},
	}
}

func readQuery(x int64) reading {
	return func(raw pb.FirestoreClient, database string, tx []byte) error {
		s, err := raw.RunQuery(context.Background(), &pb.RunQueryRequest{
			Parent:              database + "/documents",
			QueryType:           &pb.RunQueryRequest_StructuredQuery{StructuredQuery: whereX(x)},
			ConsistencySelector: &pb.RunQueryRequest_Transaction{Transaction: tx},
		})
		return first(s, err)
	}
}

func readCount(x int64) reading {
	count := &pb.StructuredAggregationQuery{
		QueryType: &pb.StructuredAggregationQuery_StructuredQuery{StructuredQuery: whereX(x)},
		Aggregations: []*pb.StructuredAggregationQuery_Aggregation{{
			Operator: &pb.StructuredAggregationQuery_Aggregation_Count_{Count: &pb.StructuredAggregationQuery_Aggregation_Count{}},
		}},
	}
	return func(raw pb.FirestoreClient, database string, tx []byte) error {
		s, err := raw.RunAggregationQuery(context.Background(), &pb.RunAggregationQueryRequest{
			Parent:              database + "/documents",
			QueryType:           &pb.RunAggregationQueryRequest_StructuredAggregationQuery{StructuredAggregationQuery: count},
			ConsistencySelector: &pb.RunAggregationQueryRequest_Transaction{Transaction: tx},
		})
		return first(s, err)
	}
}

func readList(raw pb.FirestoreClient, database string, tx []byte) error {
	_, err := raw.ListDocuments(context.Background(), &pb.ListDocumentsRequest{
		Parent: database + "/documents", CollectionId: "a", ShowMissing: true, Mask: &pb.DocumentMask{},
		ConsistencySelector: &pb.ListDocumentsRequest_Transaction{Transaction: tx},
	})
	return err
}

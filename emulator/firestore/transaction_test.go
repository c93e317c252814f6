package firestore_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"cloud.google.com/go/firestore"
	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var transactionTests = []conformanceTest{
	{"40 contended increments leave 40", contendedIncrements},
	{"a transaction that fails leaves nothing", failedTransaction},
	{"one of two creators of the same document wins", oneCreator},
	{"a read-only transaction sees one moment", readOnlyTransaction},
	{"a rule of uniqueness holds by query", uniqueByQuery},
}

func contendedIncrements(t *testing.T, c *firestore.Client) {
	counter := c.Doc("counters/one")
	put(t, c, map[string]map[string]any{"counters/one": {"n": 0}})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if err := increment(t.Context(), c, counter); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	snap, err := counter.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := snap.Data()["n"]; n != int64(40) {
		t.Errorf("40 increments left %v", n)
	}
}

func increment(ctx context.Context, c *firestore.Client, doc *firestore.DocumentRef) error {
	return c.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		snap, err := tx.Get(doc)
		if err != nil {
			return err
		}
		n, err := snap.DataAt("n")
		if err != nil {
			return err
		}
		return tx.Update(doc, []firestore.Update{{Path: "n", Value: n.(int64) + 1}})
	}, firestore.MaxAttempts(20))
}

func failedTransaction(t *testing.T, c *firestore.Client) {
	wanted := errors.New("no")
	err := c.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		if err := tx.Set(c.Doc("a/b"), map[string]any{"x": 1}); err != nil {
			return err
		}
		return wanted
	})
	if !errors.Is(err, wanted) {
		t.Fatal(err)
	}
	if _, err := c.Doc("a/b").Get(t.Context()); status.Code(err) != codes.NotFound {
		t.Errorf("the document is there: %v", err)
	}
}

func oneCreator(t *testing.T, c *firestore.Client) {
	doc := c.Doc("locks/one")
	results := make(chan error, 4)
	for range cap(results) {
		go func() {
			results <- c.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
				if _, err := tx.Get(doc); status.Code(err) != codes.NotFound {
					return errors.New("taken")
				}
				return tx.Create(doc, map[string]any{"x": 1})
			}, firestore.MaxAttempts(20))
		}()
	}
	won := 0
	for range cap(results) {
		if <-results == nil {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d creators won", won)
	}
}

func readOnlyTransaction(t *testing.T, c *firestore.Client) {
	put(t, c, map[string]map[string]any{"a/1": {"x": 1}, "a/2": {"x": 1}})
	err := c.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		if _, err := tx.Get(c.Doc("a/1")); err != nil {
			return err
		}
		if _, err := c.Doc("a/2").Set(t.Context(), map[string]any{"x": 2}); err != nil {
			return err
		}
		snap, err := tx.Get(c.Doc("a/2"))
		if err != nil {
			return err
		}
		if x := snap.Data()["x"]; x != int64(1) {
			t.Errorf("the transaction saw a later write: x = %v", x)
		}
		return nil
	}, firestore.ReadOnly)
	if err != nil {
		t.Error(err)
	}
}

func uniqueByQuery(t *testing.T, c *firestore.Client) {
	people := c.Collection("people")
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			err := c.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
				taken, err := tx.Documents(people.Where("name", "==", "ann")).GetAll()
				if err != nil || len(taken) > 0 {
					return err
				}
				return tx.Create(people.NewDoc(), map[string]any{"name": "ann"})
			}, firestore.MaxAttempts(20))
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n, err := people.NewAggregationQuery().WithCount("n").Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := n["n"].(*pb.Value).GetIntegerValue(); got != 1 {
		t.Errorf("%d people are named ann", got)
	}
}

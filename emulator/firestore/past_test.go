package firestore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"

	emulated "github.com/strongroom-dev/strongroom/emulator/firestore"
)

var pastTests = []conformanceTest{
	{"a query reads at a past time", queryThePast},
	{"documents are read at a past time", readThePast},
	{"a future time is rejected", readTheFuture},
}

// past writes documents, changes all of them, and returns the time in between.
func past(t *testing.T, c *firestore.Client) time.Time {
	t.Helper()
	put(t, c, map[string]map[string]any{"n/a": {"x": 1}, "n/b": {"x": 2}, "n/c": {"x": 3}})
	docs, err := c.GetAll(t.Context(), []*firestore.DocumentRef{c.Doc("n/nobody")})
	if err != nil {
		t.Fatal(err)
	}
	err = c.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		return errors.Join(tx.Set(c.Doc("n/a"), map[string]any{"x": 9}), tx.Delete(c.Doc("n/b")), tx.Set(c.Doc("n/d"), map[string]any{"x": 4}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return docs[0].ReadTime
}

// then returns a query at a past time. The client uses the time for all queries that
// are derived from one collection's.
func then(c *firestore.Client, at time.Time) firestore.Query {
	return *c.Collection("n").Query.WithReadOptions(firestore.ReadTime(at))
}

func queryThePast(t *testing.T, c *firestore.Client) {
	at := past(t, c)
	for want, q := range map[string]firestore.Query{
		"c b a": then(c, at).OrderBy("x", firestore.Desc),
		"b":     then(c, at).OrderBy("x", firestore.Asc).StartAfter(1).Limit(1),
		"a":     then(c, at).Where("x", "==", 1),
		"a c d": c.Collection("n").Query,
	} {
		if got := ids(t, q); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func readThePast(t *testing.T, c *firestore.Client) {
	at := past(t, c)
	for id, want := range map[string]any{"a": int64(1), "b": int64(2), "d": nil} {
		if got := get(t, c.Collection("n").Doc(id).WithReadOptions(firestore.ReadTime(at)))["x"]; got != want {
			t.Errorf("%s was %v, want %v", id, got, want)
		}
	}
}

func readTheFuture(t *testing.T, c *firestore.Client) {
	put(t, c, map[string]map[string]any{"n/a": {"x": 1}})
	_, err := then(c, time.Now().Add(time.Hour)).Documents(t.Context()).GetAll()
	wantCode(t, "read of the future", err, codes.InvalidArgument)
}

// The results at a past time do not change while others write.
func TestThePastIsReadDuringWrites(t *testing.T) {
	t.Parallel()
	c := connect(t, serve(t, emulated.Config{}))
	at := past(t, c)
	var writers errgroup.Group
	for n := range 4 {
		writers.Go(func() error {
			for i := range 50 {
				if _, err := c.Doc(fmt.Sprintf("n/%d-%d", n, i%5)).Set(t.Context(), map[string]any{"x": i}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for range 50 {
		if got := ids(t, then(c, at).OrderBy("x", firestore.Asc)); got != "a b c" {
			t.Fatalf("there was %q", got)
		}
	}
	if err := writers.Wait(); err != nil {
		t.Fatal(err)
	}
}

package firestore_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var transformTests = []conformanceTest{
	{"transforms compute from the current value", transforms},
	{"the server's time is the same for the whole commit", serverTime},
	{"a transform alone creates a document", transformAlone},
}

func transforms(t *testing.T, c *firestore.Client) {
	for _, row := range []struct {
		name string
		old  any
		by   any
		want any
	}{
		{name: "an integer is incremented", old: 1, by: firestore.Increment(2), want: int64(3)},
		{name: "an integer stays at its maximum", old: int64(math.MaxInt64 - 1), by: firestore.Increment(5), want: int64(math.MaxInt64)},
		{name: "an integer stays at its minimum", old: int64(math.MinInt64 + 1), by: firestore.Increment(-5), want: int64(math.MinInt64)},
		{name: "an integer and a double make a double", old: 1, by: firestore.Increment(0.5), want: 1.5},
		{name: "a double and an integer make a double", old: 1.5, by: firestore.Increment(1), want: 2.5},
		{name: "a string is replaced", old: "s", by: firestore.Increment(4), want: int64(4)},
		{name: "the larger stays", old: 5, by: firestore.FieldTransformMaximum(3), want: int64(5)},
		{name: "the larger comes", old: 5, by: firestore.FieldTransformMaximum(7.5), want: 7.5},
		{name: "of equals the old stays", old: 5, by: firestore.FieldTransformMaximum(5.0), want: int64(5)},
		{name: "a maximum replaces a value that is not a number", old: "s", by: firestore.FieldTransformMaximum(1), want: int64(1)},
		{name: "the smaller comes", old: 5, by: firestore.FieldTransformMinimum(3), want: int64(3)},
		{name: "the smaller stays", old: 5.5, by: firestore.FieldTransformMinimum(7), want: 5.5},
		{name: "the maximum with NaN is NaN", old: math.NaN(), by: firestore.FieldTransformMaximum(1), want: math.NaN()},
		{name: "the minimum with NaN is NaN", old: 1, by: firestore.FieldTransformMinimum(math.NaN()), want: math.NaN()},
		{name: "a union adds what is missing, once", old: []any{1, "a"}, by: firestore.ArrayUnion("b", 1.0, "b"), want: []any{int64(1), "a", "b"}},
		{name: "a union replaces what is no array", old: "s", by: firestore.ArrayUnion("b"), want: []any{"b"}},
		{name: "a removal removes all equal elements", old: []any{1, "a", 1.0}, by: firestore.ArrayRemove(1), want: []any{"a"}},
		{name: "a removal replaces what is no array", old: "s", by: firestore.ArrayRemove("b"), want: []any{}},
	} {
		doc := c.Collection("a").NewDoc()
		if _, err := doc.Set(t.Context(), map[string]any{"f": row.old}); err != nil {
			t.Fatal(err)
		}
		if _, err := doc.Update(t.Context(), []firestore.Update{{Path: "f", Value: row.by}}); err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if diff := cmp.Diff(row.want, get(t, doc)["f"], cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s: %s", row.name, diff)
		}
	}
}

func serverTime(t *testing.T, c *firestore.Client) {
	err := c.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		return errors.Join(
			tx.Set(c.Doc("a/1"), map[string]any{"t": firestore.ServerTimestamp, "m": map[string]any{"t": firestore.ServerTimestamp}}),
			tx.Set(c.Doc("a/2"), map[string]any{"t": firestore.ServerTimestamp}))
	})
	if err != nil {
		t.Fatal(err)
	}
	snap, err := c.Doc("a/1").Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	one, two := snap.Data(), get(t, c.Doc("a/2"))
	at := one["t"].(time.Time)
	if !at.Equal(two["t"].(time.Time)) || !at.Equal(one["m"].(map[string]any)["t"].(time.Time)) {
		t.Errorf("times differ: %v, %v", one, two)
	}
	if d := snap.UpdateTime.Sub(at); d < 0 || d >= time.Second {
		t.Errorf("the server's time is %v before the commit", d)
	}
	if at.Nanosecond()%int(time.Millisecond) != 0 {
		t.Errorf("%v is no whole millisecond", at)
	}
}

func transformAlone(t *testing.T, c *firestore.Client) {
	doc := c.Doc("a/b")
	if _, err := doc.Set(t.Context(), map[string]any{"n": firestore.Increment(3)}, firestore.MergeAll); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"n": int64(3)}, get(t, doc)); diff != "" {
		t.Error(diff)
	}
}

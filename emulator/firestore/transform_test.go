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
	{"transforms compute from what is there", transforms},
	{"the server's time is one for the whole commit", serverTime},
	{"a transform alone makes a document", transformAlone},
}

func transforms(t *testing.T, c *firestore.Client) {
	for _, row := range []struct {
		name string
		old  any
		by   any
		want any
	}{
		{"an integer is incremented", 1, firestore.Increment(2), int64(3)},
		{"an integer stays at its maximum", int64(math.MaxInt64 - 1), firestore.Increment(5), int64(math.MaxInt64)},
		{"an integer stays at its minimum", int64(math.MinInt64 + 1), firestore.Increment(-5), int64(math.MinInt64)},
		{"an integer and a double make a double", 1, firestore.Increment(0.5), 1.5},
		{"a double and an integer make a double", 1.5, firestore.Increment(1), 2.5},
		{"a string is replaced", "s", firestore.Increment(4), int64(4)},
		{"the larger stays", 5, firestore.FieldTransformMaximum(3), int64(5)},
		{"the larger comes", 5, firestore.FieldTransformMaximum(7.5), 7.5},
		{"of equals the old stays", 5, firestore.FieldTransformMaximum(5.0), int64(5)},
		{"no number gives way to a maximum", "s", firestore.FieldTransformMaximum(1), int64(1)},
		{"the smaller comes", 5, firestore.FieldTransformMinimum(3), int64(3)},
		{"the smaller stays", 5.5, firestore.FieldTransformMinimum(7), 5.5},
		{"the maximum with NaN is NaN", math.NaN(), firestore.FieldTransformMaximum(1), math.NaN()},
		{"the minimum with NaN is NaN", 1, firestore.FieldTransformMinimum(math.NaN()), math.NaN()},
		{"a union adds what is missing, once", []any{1, "a"}, firestore.ArrayUnion("b", 1.0, "b"), []any{int64(1), "a", "b"}},
		{"a union replaces what is no array", "s", firestore.ArrayUnion("b"), []any{"b"}},
		{"a removal takes all that is equal", []any{1, "a", 1.0}, firestore.ArrayRemove(1), []any{"a"}},
		{"a removal replaces what is no array", "s", firestore.ArrayRemove("b"), []any{}},
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
